/** A client of a running server. It repeats requests that may succeed later, with the same `commandId`. */
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from './command.ts'

/**
 * @returns the data of the answer
 * @throws RequestFailed if the answer has errors that are not retryable
 * @throws UsageError if there is no server, if it does not speak GraphQL, or if it has not answered for a minute
 */
export type Call = <Data>(query: string, variables: object) => Promise<Data>

/** This request failed and would fail again; others may succeed. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

interface Answer {
  readonly data?: unknown
  readonly errors?: readonly {
    readonly message: string
    readonly extensions?: { readonly code?: string; readonly retryable?: boolean }
  }[]
}

interface Response {
  readonly status: number
  readonly text: string
}

const GIVE_UP_MS = 60_000
const REQUEST_TIMEOUT_MS = 30_000
const MAX_PAUSE_MS = 2000

/** @throws UsageError if `url` is not an HTTP address */
export function createCaller(url: string): Call {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: null }
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new UsageError(`--url is ${JSON.stringify(url)}; it must be like http://127.0.0.1:4000/graphql.`)

  const { Agent, request } = protocol === 'https:' ? https : http
  const options = {
    method: 'POST',
    agent: new Agent({ keepAlive: true }),
    headers: { 'content-type': 'application/json' },
    timeout: REQUEST_TIMEOUT_MS,
  }
  let everAnswered = false

  // Node's own client takes a third of the time of `fetch`, and a replay spends half of its time here.
  async function post(body: string): Promise<Response> {
    const sent = request(url, options)
    // An error after the headers is also emitted here. Without a listener it would end the process.
    sent.on('error', () => {})
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)))
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [http.IncomingMessage]
    everAnswered = true
    return { status: response.statusCode as number, text: await text(response) }
  }

  /** @returns the answer, or why the request has to be repeated */
  async function attempt(body: string): Promise<string | Answer> {
    let response
    try {
      response = await post(body)
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException
      if (everAnswered) return message
      throw new UsageError(
        `No server answers at ${url}: ${message || code}. Is it running, and is --url its address?`,
      )
    }
    const { status } = response
    const answer = parseAnswer(response.text)
    if (answer !== null && status !== 404) return answer
    if (status >= 500 || status === 429) return `HTTP ${status}`
    throw new UsageError(`${url} is not a GraphQL address: it answers HTTP ${status} to a query.`)
  }

  return async <Data>(query: string, variables: object): Promise<Data> => {
    const body = JSON.stringify({ query, variables })
    const startedAt = performance.now()
    for (let pause = 50; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      const answer = await attempt(body)
      let why: string
      if (typeof answer === 'string') why = answer
      else if (answer.errors === undefined) return answer.data as Data
      else {
        why = answer.errors.map(({ message }) => message).join(' ')
        if (!answer.errors.every(({ extensions }) => extensions?.retryable === true)) {
          throw new RequestFailed(answer.errors[0]?.extensions?.code ?? 'ERROR', `The request failed: ${why}`)
        }
      }
      if (performance.now() - startedAt > GIVE_UP_MS) throw new UsageError(`${url} does not answer: ${why}`)
      await sleep(pause)
    }
  }
}

function parseAnswer(body: string): Answer | null {
  try {
    const answer = JSON.parse(body) as Answer | null
    return answer?.data !== undefined || Array.isArray(answer?.errors) ? answer : null
  } catch {
    return null
  }
}

export const urlOption = {
  type: 'string',
  description: 'GraphQL address of the server; default: this machine at PORT',
} as const

/** @param url the value of `--url` */
export const serverUrl = (url: string | undefined): string =>
  url ?? `http://127.0.0.1:${process.env['PORT'] || 4000}/graphql`

/** Runs tasks, `count` at a time, until there are no more. After a failure, no further task starts. */
export async function inParallel(
  count: number,
  task: () => (() => Promise<void>) | undefined,
): Promise<void> {
  let failed = false
  const next = () => (failed ? undefined : task())
  const worker = async () => {
    try {
      for (let work = next(); work !== undefined; work = next()) await work()
    } catch (error) {
      failed = true
      throw error
    }
  }
  await Promise.all(Array.from({ length: count }, worker))
}
