import type { WebSocket } from 'ws'

/** Pings that a peer may leave unanswered. */
const MAX_UNANSWERED = 2

/**
 * Cuts off a peer that has left two pings in a row unanswered: it may be gone without a word, and would hold memory for ever.
 *
 * @returns stops it
 */
export function keepAlive(socket: WebSocket, intervalMs: number): () => void {
  let unanswered = 0
  socket.on('pong', () => {
    unanswered = 0
  })
  const timer = setInterval(() => {
    if (unanswered >= MAX_UNANSWERED) {
      socket.terminate()
      return
    }
    unanswered += 1
    socket.ping()
  }, intervalMs)
  return () => clearInterval(timer)
}
