/**
 * Live operations over HTTP, from the same groups as over WebSocket: as server-sent events (GraphQL over SSE, one connection per
 * operation), and as multipart responses (which Apollo's clients request by default).
 */
import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLError } from 'graphql'
import { fault, formatFault } from '../graphql/errors.ts'
import { isRecord } from '../lib/is-record.ts'
import type { LiveStats } from '../live/stats.ts'
import type { Admission, Refusal } from '../admission/admission.ts'
import type { Backlogs } from './backlogs.ts'
import { asciiJson } from './frame.ts'
import type { LiveGroups } from './groups.ts'
import type { LiveRequest, PrepareOperation } from '../graphql/subscriptions/operation.ts'
import { streamFormatOf } from './stream-formats.ts'
import { Stream } from './stream.ts'

export interface HttpStreamsOptions {
  readonly prepare: PrepareOperation
  readonly groups: LiveGroups
  readonly stats: LiveStats
  readonly backlogs: Backlogs
  readonly admission: Admission
  /** Receives errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
}

export interface HttpStreams {
  readonly connections: number
  /** @returns false if the request is not a subscription, or does not accept a stream; another handler must answer it */
  readonly serve: (request: FastifyRequest, reply: FastifyReply) => boolean
  /** Ends all streams, in random order over this time. */
  readonly drain: (ms: number) => Promise<void>
}

const HEADERS = {
  'cache-control': 'no-store',
  // Some proxies buffer the whole response without this.
  'x-accel-buffering': 'no',
}
const REFUSALS: Readonly<Record<Refusal, { status: number; fault: GraphQLError }>> = {
  full: {
    status: 503,
    fault: fault('OVERLOADED', 'There are too many live connections.', { retryable: true }),
  },
  'address full': {
    status: 429,
    fault: fault('RATE_LIMITED', 'There are too many live connections from your address.', {
      retryable: true,
    }),
  },
}

export function createHttpStreams(options: HttpStreamsOptions): HttpStreams {
  const { prepare, groups, stats, backlogs, admission, report } = options
  const streams = new Set<Stream>()

  function serve(request: FastifyRequest, reply: FastifyReply): boolean {
    const format = streamFormatOf(request.headers.accept ?? '')
    const live = format && liveRequest(request)
    if (format === undefined || live === null || live === undefined) return false
    const operation = prepare(live, null)
    if (operation === null) return false
    const faultsOf = (errors: readonly GraphQLError[]) =>
      errors.map((error) => formatFault(error, request.id, (cause) => report(cause, request.id)))
    const fail = (status: number, errors: readonly GraphQLError[]) => {
      void reply.code(status).send({ errors: faultsOf(errors) })
      return true
    }
    if (!('key' in operation)) return fail(400, operation)
    const { destroyed } = reply.raw
    const refusal = admission.refusalOf(request.raw)
    if (refusal !== null) return fail(REFUSALS[refusal].status, [REFUSALS[refusal].fault])
    reply.hijack()
    // If the client has disconnected already, no further event reports it.
    if (destroyed) return true
    reply.headers({ ...HEADERS, ...format.headers })
    reply.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders)
    const admitted = admission.admit(request.raw)
    const stream = new Stream({
      response: reply.raw,
      format,
      client: admitted.client,
      groups,
      stats,
      backlogs,
      encodeError: (error) => asciiJson(faultsOf([error])),
      report: (error) => report(error, request.id),
      onEnd() {
        admitted.release()
        streams.delete(stream)
      },
    })
    streams.add(stream)
    stream.begin(operation)
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

/** Null: the request has another form. */
function liveRequest({ method, url, body, headers }: FastifyRequest): LiveRequest | null {
  const live = method === 'GET' ? fromUrl(url) : (body as Partial<LiveRequest> | null | undefined)
  if (typeof live?.query !== 'string') return null
  const { query, operationName, variables, extensions } = live
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
