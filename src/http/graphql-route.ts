/** The GraphQL route: live streams first, then the fast path, then Apollo Server. */
import type { ApolloServer } from '@apollo/server'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLError, GraphQLSchema } from 'graphql'
import { LRUCache } from 'lru-cache'
import type { ApiContext } from '../graphql/context.ts'
import type { ApplyCaching } from './http-caching.ts'
import type { AnswerCounts, FastPath } from './fast-path.ts'
import type { HttpStreams } from '../delivery/http-streams.ts'
import { createLimitCheck, parseWithinLimits } from '../graphql/limits.ts'
import type { LimitCheck } from '../graphql/limits.ts'
import { refuse } from '../admission/refusal.ts'
import type { UnreadAnswers } from '../admission/unread-answers.ts'

export interface GraphQLRouteOptions {
  readonly path: string
  readonly schema: GraphQLSchema
  /** Whether clients may read the schema. */
  readonly introspection: boolean
  readonly apollo: ApolloServer<ApiContext>
  readonly createContext: (requestId: string) => ApiContext
  readonly streams: Pick<HttpStreams, 'serve'>
  /** Null: Apollo answers everything. */
  readonly fastPath: Pick<FastPath, 'serve' | 'rememberType'> | null
  readonly unread: Pick<UnreadAnswers, 'hasRoomFor'>
  readonly applyCaching: ApplyCaching
  readonly counts: AnswerCounts
}

const TOO_MUCH_UNREAD = 'Clients have left too many answers unread; send the request again soon.'
/** Total size of the documents whose limit check is cached. */
const MAX_CHECKED_CHARACTERS = 4_000_000

export async function graphqlRoute(server: FastifyInstance, options: GraphQLRouteOptions): Promise<void> {
  const {
    path,
    schema,
    introspection,
    apollo,
    createContext,
    streams,
    fastPath,
    unread,
    applyCaching,
    counts,
  } = options
  const exceeded = createSourceCheck(createLimitCheck(schema, { introspection }))
  const askApollo = fastifyApolloHandler(apollo, { context: async ({ id }) => createContext(id) })
  async function throughApollo(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const error = exceeded(sourceOf(request))
    if (error !== null) return refuse(reply, 400, String(error.extensions['code']), error.message)
    counts.apollo += 1
    const body = await askApollo.call(server, request, reply)
    fastPath?.rememberType(request, reply)
    return reply.send(applyCaching(request, reply, body as string))
  }
  server.route({
    method: ['GET', 'POST'],
    url: path,
    handler(request, reply) {
      if (isBrowsing(request)) return reply.redirect('console/')
      if (!unread.hasRoomFor(request.raw))
        return refuse(reply, 503, 'OVERLOADED', TOO_MUCH_UNREAD, { retryable: true })
      if (streams.serve(request, reply) || fastPath?.serve(request, reply) === true) return
      return throughApollo(request, reply)
    },
  })
  server.route({
    method: ['PUT', 'PATCH', 'DELETE'],
    url: path,
    onRequest: async (_, reply) =>
      refuse(
        reply.header('allow', 'GET, POST'),
        405,
        'BAD_USER_INPUT',
        'Send GraphQL requests with GET or POST.',
      ),
    handler: () => {},
  })
}

/** Whether a person has opened the address in a browser. */
function isBrowsing({ method, url, headers: { accept = '' } }: FastifyRequest): boolean {
  return method === 'GET' && !url.includes('?') && accept.includes('text/html')
}

/** The document exactly as Apollo reads it; otherwise a document could avoid the limit check. */
function sourceOf({ method, url, body }: FastifyRequest): unknown {
  if (method === 'GET') return new URL(url, 'http://localhost').searchParams.get('query')
  return typeof body === 'object' && body !== null && 'query' in body ? body.query : undefined
}

/** Leaves syntax errors and missing documents for Apollo to report. */
function createSourceCheck(exceeded: LimitCheck): (source: unknown) => GraphQLError | null {
  const checked = new LRUCache<string, { exceeded: GraphQLError | null }>({
    maxSize: MAX_CHECKED_CHARACTERS,
    sizeCalculation: (_, source) => source.length + 1,
  })
  return (source) => {
    if (typeof source !== 'string') return null
    let check = checked.get(source)
    if (check === undefined) {
      try {
        check = { exceeded: exceeded(parseWithinLimits(source)) }
      } catch (error) {
        const { extensions } = error as GraphQLError
        check = { exceeded: extensions['code'] === 'QUERY_TOO_COMPLEX' ? (error as GraphQLError) : null }
      }
      checked.set(source, check)
    }
    return check.exceeded
  }
}
