/** Requests that no HTTP client library would send. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'

export interface RawAnswer {
  readonly status: number
  readonly headers: string
  readonly body: any
}

export async function openRaw(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return socket
}

/** Sends these bytes, and reads until the server closes. */
export async function sendRaw(url: string, bytes: string): Promise<RawAnswer | null> {
  const socket = await openRaw(url)
  socket.write(bytes)
  return parseRaw(await text(socket))
}

/** @returns null if there was no response */
export function parseRaw(answer: string): RawAnswer | null {
  if (answer === '') return null
  const [headers = '', body = ''] = answer.split('\r\n\r\n', 2)
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(headers)?.[1])
  return { status, headers: headers.toLowerCase(), body: /json/.test(headers) ? JSON.parse(body) : body }
}

/** A request for a live operation over server-sent events. */
export function streamRequest(query: string): string {
  const body = JSON.stringify({ query })
  return `POST /graphql HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}
