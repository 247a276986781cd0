type Constructor = new (...opening: never[]) => {
  addEventListener(type: 'error', listener: () => void): void
}

/**
 * The same WebSocket, with a listener for errors that stays for good. The class of `ws` emits an error when a connection is
 * closed before it is open. By then graphql-ws has removed its own listener, and in Node an error without one ends the process.
 */
export function withQuietErrors(webSocketImpl: unknown): unknown {
  return class extends (webSocketImpl as Constructor) {
    constructor(...opening: never[]) {
      super(...opening)
      this.addEventListener('error', () => {})
    }
  }
}
