/** A client of a running server that does not give up: what may succeed later is sent again, with the same `commandId`. */
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from './command.ts'

/**
 * @returns the data
 * @throws UsageError if the server refuses, or cannot be reached for a minute
 */
export type Call = <Data>(query: string, variables: object) => Promise<Data>

interface Answer {
  readonly data?: unknown
  readonly errors?: readonly {
    readonly message: string
    readonly extensions?: { readonly retryable?: boolean }
  }[]
}

const GIVE_UP_MS = 60_000
const REQUEST_TIMEOUT_MS = 30_000
const MAX_PAUSE_MS = 2000

/** @throws UsageError if it is no address */
export function createCaller(url: string): Call {
  if (!URL.canParse(url))
    throw new UsageError(`--url is ${JSON.stringify(url)}; it must be like http://127.0.0.1:4000/graphql.`)

  const { protocol } = new URL(url)
  const { Agent, request } = protocol === 'https:' ? https : http
  const options = {
    method: 'POST',
    agent: new Agent({ keepAlive: true }),
    headers: { 'content-type': 'application/json' },
    timeout: REQUEST_TIMEOUT_MS,
  }

  // Node's own client, because it takes a third of the time that fetch does, and half of a replay is spent here.
  async function post(body: string): Promise<Answer | { readonly failure: string }> {
    try {
      const sent = request(url, options)
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)))
      sent.end(body)
      const [response] = (await once(sent, 'response')) as [http.IncomingMessage]
      return JSON.parse(await text(response)) as Answer
    } catch (error) {
      return { failure: (error as Error).message }
    }
  }

  return async <Data>(query: string, variables: object): Promise<Data> => {
    const body = JSON.stringify({ query, variables })
    const startedAt = performance.now()
    for (let pause = 50; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      const answer = await post(body)
      let why: string
      if ('failure' in answer) why = answer.failure
      else if (answer.errors === undefined) return answer.data as Data
      else {
        why = answer.errors.map(({ message }) => message).join(' ')
        if (!answer.errors.every(({ extensions }) => extensions?.retryable === true)) {
          throw new UsageError(`The server refuses: ${why}`)
        }
      }
      if (performance.now() - startedAt > GIVE_UP_MS) throw new UsageError(`${url} does not answer: ${why}`)
      await sleep(pause)
    }
  }
}

export const urlOption = {
  type: 'string',
  description: 'the server’s GraphQL address',
  default: 'http://127.0.0.1:4000/graphql',
} as const

/** Runs tasks, so many at a time, as long as there are any. */
export async function inParallel(
  count: number,
  task: () => (() => Promise<void>) | undefined,
): Promise<void> {
  const worker = async () => {
    for (let work = task(); work !== undefined; work = task()) await work()
  }
  await Promise.all(Array.from({ length: count }, worker))
}
