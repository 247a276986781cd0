/**
 * What becomes of a request that offers to go on in another protocol. Only WebSocket is accepted. Any other offer may be ignored, and is:
 * Java's HttpClient and `curl --http2` offer `h2c` with their first request, and get their answer over HTTP/1.1.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HostPolicy } from '../admission/hosts.ts'
import { refuseRaw } from '../admission/raw-refusal.ts'

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** @param upgrade null: nothing is served over WebSocket */
export function acceptUpgrades(server: Server, refusalOf: HostPolicy, upgrade: Upgrade | null): void {
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket')
      return goOnWithoutOffer(server, request, socket, head)
    const refusal = refusalOf(request)
    if (refusal !== null) refuseRaw(socket, refusal.status, refusal.message)
    else if (upgrade === null) refuseRaw(socket, 404, 'There is no WebSocket here.')
    else upgrade(request, socket, head)
  })
}

/**
 * Has the server read the request again, without the offer. Node ends its reading of HTTP at an offer, whether it is accepted or not:
 * a request that came in the same packet behind this one would be lost.
 */
function goOnWithoutOffer(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  // The requests before this one are answered first.
  const { _httpMessage: unanswered } = socket as { _httpMessage?: ServerResponse | null }
  if (unanswered != null) {
    unanswered.once('close', () => goOnWithoutOffer(server, request, socket, head))
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
