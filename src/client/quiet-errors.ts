type Constructor = new (...opening: never[]) => {
  addEventListener(type: 'error', listener: () => void): void
}

/**
 * Adds a permanent listener for errors to a WebSocket class. The class of `ws` emits an error if a connection is closed before it
 * is open. graphql-ws has removed its own listener by then, and in Node an `error` event without a listener ends the process.
 */
export function withQuietErrors(webSocketImpl: unknown): unknown {
  return class extends (webSocketImpl as Constructor) {
    constructor(...opening: never[]) {
      super(...opening)
      this.addEventListener('error', () => {})
    }
  }
}
