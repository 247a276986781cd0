/** Rejects a connection for which Node has no response object: the bytes are not HTTP, or the request is an upgrade. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { JSON_TYPE, refusalBody } from './refusal.ts'
import { RESPONSE_HEADERS } from './response-headers.ts'

/** Error codes by status. All other statuses are `BAD_USER_INPUT`. */
const CODES: Readonly<Record<number, string>> = {
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  429: 'RATE_LIMITED',
  503: 'OVERLOADED',
}
/** The client may send the request again: it arrived too slowly, or there were too many. */
const RETRYABLE = new Set([408, 429, 503])

/** Sends the error and closes the socket. */
export function refuseRaw(socket: Duplex, status: number, message: string): void {
  const body = refusalBody(CODES[status] ?? 'BAD_USER_INPUT', message, { retryable: RETRYABLE.has(status) })
  const headers = {
    ...RESPONSE_HEADERS,
    'cache-control': 'no-store',
    'content-type': JSON_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  // Node no longer handles errors of this socket.
  socket.on('error', () => {})
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
