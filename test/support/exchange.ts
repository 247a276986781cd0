/** Plain HTTP: adds nothing to a request, and removes nothing from a response. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Asked {
  readonly method: 'GET' | 'POST'
  /** The query string, with the question mark. */
  readonly search?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Buffer
}

export interface Exchanged {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export async function exchange(url: string, asked: Asked): Promise<Exchanged> {
  const { method, search = '', headers = {}, body } = asked
  const sent = request(`${url}/graphql${search}`, { method, headers })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) }
}

export const post = (body: unknown, headers: OutgoingHttpHeaders = {}): Asked => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

/** @param fields the parameters; values that are not strings are written as JSON */
export function get(fields: Readonly<Record<string, unknown>>, headers: OutgoingHttpHeaders = {}): Asked {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(fields))
    search.set(name, typeof value === 'string' ? value : JSON.stringify(value))
  return {
    method: 'GET',
    search: `?${String(search)}`,
    headers,
  }
}
