/** HTTP requests of which only the outcome matters. */
import type { OutgoingHttpHeaders } from 'node:http'
import { exchange, post } from '../../support/exchange.ts'
import { sendRaw } from '../../support/raw-http.ts'

/** @returns `200 data`, or the status with the code of the first error */
export async function ask(url: string, body: unknown, headers: OutgoingHttpHeaders = {}): Promise<string> {
  const answer = await exchange(url, post(body, headers))
  return outcomeOf(answer.status, JSON.parse(answer.body))
}

/** Sends these bytes on a new connection, and reads until the server closes it. */
export async function askRaw(url: string, bytes: string): Promise<string> {
  const answer = await sendRaw(url, bytes)
  return answer === null ? 'no answer' : outcomeOf(answer.status, answer.body)
}

function outcomeOf(status: number | undefined, body: unknown): string {
  const { errors } = body as { errors?: readonly { extensions?: { code?: string } }[] }
  return `${status} ${errors === undefined ? 'data' : (errors[0]?.extensions?.code ?? 'without a code')}`
}
