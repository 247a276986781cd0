/**
 * Requests that a client sends on one connection without waiting for the answers. They are served one after another: each begins when
 * the answer before it has been taken, so a connection has one answer at most that is not read. Only so many can wait.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const MAX_WAITING = 16

export class OneAtATime {
  readonly #waiting = new WeakMap<Socket, number>()

  /** @param begin is called when it is the request's turn, or never if the connection is gone by then */
  take({ socket }: IncomingMessage, response: ServerResponse, begin: () => void): void {
    // Node gives a response its connection when the one before it is finished.
    if (response.socket !== null || response.destroyed) return begin()
    const waiting = this.#waiting.get(socket) ?? 0
    if (waiting === MAX_WAITING) {
      socket.destroy()
      return
    }
    this.#waiting.set(socket, waiting + 1)
    response.once('socket', () => {
      this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1)
      // Others are served between two requests of one connection.
      setImmediate(begin)
    })
  }
}
