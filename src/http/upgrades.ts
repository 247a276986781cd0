/**
 * Requests with an `Upgrade` header. The server accepts only WebSocket and ignores any other upgrade, as HTTP allows: Java's HttpClient
 * and `curl --http2` offer `h2c` with their first request, and get their answer over HTTP/1.1.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HostPolicy } from '../admission/hosts.ts'
import { refuseRaw } from '../admission/raw-refusal.ts'

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** @param upgrade null: this process does not serve WebSocket */
export function acceptUpgrades(server: Server, refusalOf: HostPolicy, upgrade: Upgrade | null): void {
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket')
      return continueWithoutUpgrade(server, request, socket, head)
    const refusal = refusalOf(request)
    if (refusal !== null) refuseRaw(socket, refusal.status, refusal.message)
    else if (upgrade === null) refuseRaw(socket, 404, 'This process does not serve WebSocket.')
    else upgrade(request, socket, head)
  })
}

/**
 * Makes the server parse the request again, without its `Upgrade` header. Node stops parsing HTTP at this header, whether the upgrade is
 * accepted or not; a request behind this one in the same packet would be lost.
 */
function continueWithoutUpgrade(
  server: Server,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  // Wait until the requests before this one are answered.
  const { _httpMessage: unanswered } = socket as { _httpMessage?: ServerResponse | null }
  if (unanswered != null) {
    unanswered.once('close', () => continueWithoutUpgrade(server, request, socket, head))
    return
  }
  if (socket.destroyed) return
  socket.unshift(Buffer.concat([headOf(request), head]))
  server.emit('connection', socket)
}

function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase() !== 'upgrade') lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
