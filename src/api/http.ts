/** The HTTP server: GraphQL over HTTP on `/graphql`, with Apollo Server behind it. */
import type { ApolloServer } from '@apollo/server'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import fastifyCors from '@fastify/cors'
import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql'
import { LRUCache } from 'lru-cache'
import { v7 as uuidv7 } from 'uuid'
import type { ApiContext } from './context.ts'
import { formatFault } from './errors.ts'
import { exceededLimit, parseWithinLimits } from './limits.ts'
import type { OriginPolicy } from './origins.ts'

const MAX_BODY_BYTES = 100 * 1024
/** A request whose headers or body do not arrive in this time is cut off. */
const REQUEST_TIMEOUT_MS = 10_000
const REQUEST_ID = /^[\w.:-]{1,100}$/
/** Documents whose check is remembered, all together. */
const MAX_CHECKED_CHARACTERS = 4_000_000

/** The server, without routes. Bodies are JSON or nothing; errors are JSON, whatever went wrong. */
export function createHttpServer(logger: FastifyBaseLogger, allowsOrigin: OriginPolicy): FastifyInstance {
  const server = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Closing is for the composition to pace: what is under way is answered first.
    forceCloseConnections: false,
    genReqId: ({ headers }) => {
      const given = headers['x-request-id']
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : uuidv7()
    },
  })
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  server.register(fastifyCors, () => (request: FastifyRequest, done: CorsDone) => {
    const { origin, host } = request.headers
    done(null, { origin: origin !== undefined && allowsOrigin(origin, host), maxAge: 3600 })
  })
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error({ err: error }, 'request failed')
    const message =
      status >= 500 ? `Something went wrong on our side. Quote request ${request.id}.` : error.message
    const code = status >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST'
    return sendErrors(reply, status, [{ message, extensions: { code, retryable: false } }])
  })
  server.setNotFoundHandler((request, reply) => {
    const message = `There is nothing at ${request.method} ${request.url.split('?', 1)[0]}.`
    return sendErrors(reply, 404, [{ message, extensions: { code: 'NOT_FOUND', retryable: false } }])
  })
  return server
}

type CorsDone = (error: Error | null, options: { origin: boolean; maxAge: number }) => void

export interface GraphQLRouteOptions {
  readonly path: string
  readonly schema: GraphQLSchema
  readonly apollo: ApolloServer<ApiContext>
  readonly createContext: (requestId: string) => ApiContext
}

export async function graphqlRoute(server: FastifyInstance, options: GraphQLRouteOptions): Promise<void> {
  const { path, schema, apollo, createContext } = options
  // The requests that Apollo refuses for their type should get as far as Apollo.
  server.addContentTypeParser(
    ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'],
    (_, __, done) => done(null),
  )
  const limits = createLimitCheck(schema)
  const handle = fastifyApolloHandler(apollo, { context: async (request) => createContext(request.id) })
  server.route({
    method: ['GET', 'POST'],
    url: path,
    async preHandler(request, reply) {
      const refusal = charsetRefusal(request) ?? null
      if (refusal !== null) return sendErrors(reply, 415, [refusal])
      const exceeded = limits(sourceOf(request))
      if (exceeded !== null) return sendErrors(reply, 400, [formatFault(exceeded, request.id, () => {})])
    },
    handler: handle,
  })
  server.route({
    method: ['PUT', 'PATCH', 'DELETE'],
    url: path,
    handler: (_, reply) => {
      const message = 'GraphQL requests are GET or POST.'
      return sendErrors(reply.header('allow', 'GET, POST'), 405, [
        { message, extensions: { code: 'BAD_REQUEST', retryable: false } },
      ])
    },
  })
}

function sourceOf({ method, body, query }: FastifyRequest): unknown {
  const place = method === 'GET' ? query : body
  return typeof place === 'object' && place !== null && 'query' in place ? place.query : undefined
}

/** Syntax errors, and what is no document at all, are for Apollo to report. */
function createLimitCheck(schema: GraphQLSchema): (source: unknown) => GraphQLError | null {
  const checked = new LRUCache<string, { exceeded: GraphQLError | null }>({
    maxSize: MAX_CHECKED_CHARACTERS,
    sizeCalculation: (_, source) => source.length + 1,
  })
  return (source) => {
    if (typeof source !== 'string') return null
    let check = checked.get(source)
    if (check === undefined) {
      let document: DocumentNode
      try {
        document = parseWithinLimits(source)
      } catch {
        return null
      }
      check = { exceeded: exceededLimit(schema, document) }
      checked.set(source, check)
    }
    return check.exceeded
  }
}

const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i

function charsetRefusal({ headers }: FastifyRequest): ErrorBody | null {
  const charset = CHARSET.exec(headers['content-type'] ?? '')?.[1]
  if (charset === undefined || /^utf-?8$/i.test(charset)) return null
  return {
    message: `The charset ${charset} is not supported; send UTF-8.`,
    extensions: { code: 'BAD_REQUEST', retryable: false },
  }
}

interface ErrorBody {
  readonly message: string
  readonly extensions?: Record<string, unknown>
}

function sendErrors(reply: FastifyReply, status: number, errors: readonly ErrorBody[]): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify({ errors }))
}
