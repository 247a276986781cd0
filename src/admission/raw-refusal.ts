/** Refusals on a socket for which there is no HTTP response to write to: what it got was not HTTP, or was to become something else. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { JSON_TYPE, refusalBody } from './refusal.ts'
import { RESPONSE_HEADERS } from './response-headers.ts'

/** Codes by status. All others mean that the request is wrong. */
const CODES: Readonly<Record<number, string>> = {
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  429: 'RATE_LIMITED',
  503: 'OVERLOADED',
}
/** A request that did not arrive in time, or came when there were too many, may be answered when it is sent again. */
const RETRYABLE = new Set([408, 429, 503])

/** Says why, and closes. */
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
  // Node does not watch over the socket any more.
  socket.on('error', () => {})
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}
