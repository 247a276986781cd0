/** Refusals on a socket for which there is no HTTP response to write to: what it got was not HTTP, or was to become something else. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { refusalBody } from './refusal.ts'
import { RESPONSE_HEADERS } from './response-headers.ts'

/** Says why, and closes. */
export function refuseRaw(socket: Duplex, status: number, message: string): void {
  // A request that did not arrive in time may do so when it is sent again.
  const body = refusalBody('BAD_USER_INPUT', message, { retryable: status === 408 })
  const headers = {
    ...RESPONSE_HEADERS,
    'cache-control': 'no-store',
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  // Node does not watch over the socket any more.
  socket.on('error', () => {})
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
