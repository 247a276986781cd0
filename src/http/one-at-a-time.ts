/**
 * Serves pipelined requests of one connection one after another: each begins when the client has read the answer before it, so a
 * connection has at most one unread answer. A connection with too many waiting requests is closed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const MAX_WAITING = 16

export class OneAtATime {
  readonly #waiting = new WeakMap<Socket, number>()

  /** @param begin called when it is the request's turn; never if the connection closes before */
  take({ socket }: IncomingMessage, response: ServerResponse, begin: () => void): void {
    // Node assigns the socket to a response when the response before it has finished.
    if (response.socket !== null || response.destroyed) return begin()
    const waiting = this.#waiting.get(socket) ?? 0
    if (waiting === MAX_WAITING) {
      socket.destroy()
      return
    }
    this.#waiting.set(socket, waiting + 1)
    response.once('socket', () => {
      this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1)
      // Let other connections run between two requests of this one.
      setImmediate(begin)
    })
  }
}
