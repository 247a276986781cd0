/**
 * Live operations over HTTP, from the same groups as over WebSocket: as server-sent events (the GraphQL over SSE protocol, one
 * connection an operation), and as multipart answers (what Apollo's clients ask for by themselves).
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLError } from 'graphql'
import { asGraphQLError, fault, formatFault } from '../errors.ts'
import { asciiJson } from './frame.ts'
import type { Frame } from './frame.ts'
import type { LiveGroups } from './groups.ts'
import type { Member } from './member.ts'
import { isRecord } from '../ordinary-request.ts'
import type { LiveRequest, PrepareOperation } from './operation.ts'
import { Outbox } from './outbox.ts'
import type { OutboxOperation, OutboxOwner } from './outbox.ts'
import type { LiveStats } from '../../live/stats.ts'

export interface HttpStreamsOptions {
  readonly prepare: PrepareOperation
  readonly groups: LiveGroups
  readonly stats: LiveStats
  readonly maxConnections: number
  /** Told of errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
}

export interface HttpStreams {
  readonly connections: number
  /** @returns false if the request does not ask for a stream, or not for a live one: it is for others to answer */
  readonly serve: (request: FastifyRequest, reply: FastifyReply) => boolean
  /** Ends all streams, in random order over this time. */
  readonly drain: (ms: number) => Promise<void>
}

/** How a stream is written. All of it is ASCII. */
interface Format {
  readonly accepts: RegExp
  readonly headers: Readonly<Record<string, string>>
  readonly start: string
  readonly result: (frame: Frame) => string
  readonly heartbeat: string
  /** The operation has failed, with these errors as JSON. */
  readonly failure: (errors: string) => string
}

const part = (json: string): string => `\r\ncontent-type: application/json\r\n\r\n${json}\r\n--graphql`

const FORMATS: readonly Format[] = [
  {
    accepts: /text\/event-stream/,
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
    start: ':\n\n',
    result: ({ payload, cursor }) =>
      `event: next\n${cursor === null ? '' : `id: ${cursor}\n`}data: ${payload}\n\n`,
    heartbeat: ':\n\n',
    failure: (errors) => `event: next\ndata: {"errors":${errors}}\n\nevent: complete\ndata:\n\n`,
  },
  {
    accepts: /multipart\/mixed[^,]*;\s*subscriptionSpec="?1\.0/i,
    headers: { 'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0' },
    start: '--graphql',
    result: ({ payload }) => part(`{"payload":${payload}}`),
    heartbeat: part('{}'),
    failure: (errors) => `${part(`{"payload":null,"errors":${errors}}`)}--\r\n`,
  },
]

const HEADERS = {
  'cache-control': 'no-store',
  // For proxies that would otherwise wait for the end.
  'x-accel-buffering': 'no',
}
/** A client that takes nothing of what it is sent for so long is cut off. */
const MAX_STUCK_MS = 10_000
const HEARTBEAT_MS = 5000

export function createHttpStreams(options: HttpStreamsOptions): HttpStreams {
  const { prepare, groups, stats, maxConnections, report } = options
  const streams = new Set<Stream>()

  function serve(request: FastifyRequest, reply: FastifyReply): boolean {
    const format = FORMATS.find(({ accepts }) => accepts.test(request.headers.accept ?? ''))
    const asked = format && liveRequest(request)
    if (format === undefined || asked === null || asked === undefined) return false
    const operation = prepare(asked, null)
    if (operation === null) return false
    const faultsOf = (errors: readonly GraphQLError[]) =>
      errors.map((error) => formatFault(error, request.id, (cause) => report(cause, request.id)))
    if (!('key' in operation)) {
      void reply.code(400).send({ errors: faultsOf(operation) })
      return true
    }
    if (streams.size >= maxConnections) {
      const full = fault('OVERLOADED', 'There are too many live connections.', { retryable: true })
      void reply.code(503).send({ errors: faultsOf([full]) })
      return true
    }
    reply.hijack()
    reply.headers({ ...HEADERS, ...format.headers })
    reply.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders)
    const stream = new Stream(reply.raw, format, stats, (error) => asciiJson(faultsOf([error])))
    streams.add(stream)
    const leave = groups.join(operation, stream)
    reply.raw.once('close', () => {
      streams.delete(stream)
      stream.end()
      leave()
    })
    return true
  }

  return {
    get connections() {
      return streams.size
    },
    serve,
    async drain(ms) {
      const each = [...streams].map(async (stream) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * ms))
        stream.close()
      })
      await Promise.all(each)
    },
  }
}

class Stream implements Member, OutboxOperation, OutboxOwner {
  readonly id = ''
  readonly #response: ServerResponse
  readonly #format: Format
  readonly #faultsOf: (error: GraphQLError) => string
  readonly #outbox: Outbox
  readonly #heartbeat: NodeJS.Timeout

  constructor(
    response: ServerResponse,
    format: Format,
    stats: LiveStats,
    faultsOf: (error: GraphQLError) => string,
  ) {
    this.#response = response
    this.#format = format
    this.#faultsOf = faultsOf
    this.#outbox = new Outbox(response, stats, this)
    response.on('error', () => {})
    response.write(format.start)
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS)
  }

  get isOpen(): boolean {
    return !this.#response.destroyed
  }

  cutOff(): void {
    this.#response.destroy()
  }

  get congested(): boolean {
    return this.#outbox.congested
  }

  drained(): Promise<void> {
    return this.#outbox.drained()
  }

  encode(frame: Frame): string {
    return this.#format.result(frame)
  }

  next(frame: Frame): void {
    this.#outbox.send(this, frame)
  }

  /** HTTP has no way to ask. */
  confirm(): void {}

  fail(error: unknown): void {
    this.#response.end(this.#format.failure(this.#faultsOf(asGraphQLError(error))))
  }

  /** The client is to connect elsewhere: an end without a word makes it. */
  close(): void {
    this.end()
    this.#response.end()
  }

  /** Nothing more is sent. */
  end(): void {
    clearInterval(this.#heartbeat)
    this.#outbox.close()
  }

  #beat(): void {
    if (this.#outbox.stuckForMs > MAX_STUCK_MS) this.cutOff()
    else if (!this.#outbox.congested) this.#response.write(this.#format.heartbeat)
  }
}

/** Null: it is not in a form that this understands. */
function liveRequest({ method, url, body, headers }: FastifyRequest): LiveRequest | null {
  const asked = method === 'GET' ? fromUrl(url) : (body as Partial<LiveRequest> | null | undefined)
  if (typeof asked?.query !== 'string') return null
  const { query, operationName, variables, extensions } = asked
  if (variables != null && !isRecord(variables)) return null
  const lastSeen = headers['last-event-id']
  return {
    query,
    operationName,
    variables,
    extensions: typeof lastSeen === 'string' ? { ...extensions, after: lastSeen } : extensions,
  }
}

function fromUrl(url: string): Partial<LiveRequest> | null {
  const given = new URL(url, 'http://localhost').searchParams
  const json = (name: string) => JSON.parse(given.get(name) ?? 'null') as Record<string, unknown> | null
  const query = given.get('query')
  if (query === null) return null
  try {
    return {
      query,
      operationName: given.get('operationName'),
      variables: json('variables'),
      extensions: json('extensions'),
    }
  } catch {
    return null
  }
}
