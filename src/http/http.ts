/** The HTTP server, without routes: who may ask, how large and how slow a request may be, and how a refusal looks. */
import { randomUUID } from 'node:crypto'
import { maxHeaderSize } from 'node:http'
import type { Socket } from 'node:net'
import fastifyCors from '@fastify/cors'
import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { MAX_BODY_BYTES, acceptJsonBodies } from './json-body.ts'
import type { HostPolicy } from '../admission/hosts.ts'
import { OneAtATime } from './one-at-a-time.ts'
import type { OriginPolicy } from '../admission/origins.ts'
import { refuseRaw } from '../admission/raw-refusal.ts'
import { JSON_TYPE, refusalBody, refuse } from '../admission/refusal.ts'
import { RESPONSE_HEADERS } from '../admission/response-headers.ts'
import { createResponseClass } from '../admission/unread-answers.ts'
import type { UnreadAnswers } from '../admission/unread-answers.ts'

/** Connections, live ones among them. A process can hold some 20,000 descriptors, and the database needs a few. */
const MAX_CONNECTIONS = 17_000
/** A peer that connects and says nothing, or not all of its headers, is cut off. */
const HEADERS_TIMEOUT_MS = 5000
/** So is one whose body does not arrive. */
const REQUEST_TIMEOUT_MS = 10_000
/** How often Node looks for those two. */
const CHECK_INTERVAL_MS = 1000
/** A peer that does not take its answer is cut off; no answer takes as long to be made. */
const IDLE_TIMEOUT_MS = 30_000
const PREFLIGHT_MAX_AGE_SECONDS = 3600
const REQUEST_ID = /^[\w.:-]{1,100}$/

/** Bodies are JSON or nothing; errors are JSON, whatever went wrong. */
export function createHttpServer(
  logger: FastifyBaseLogger,
  origins: OriginPolicy,
  refusalOf: HostPolicy,
  unread: Pick<UnreadAnswers, 'add'>,
): FastifyInstance {
  const turns = new OneAtATime()
  const server = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      ServerResponse: createResponseClass(unread),
      // The host policy says so in JSON.
      requireHostHeader: false,
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    // Closing is for the composition to pace: what is under way is answered first, and what comes meanwhile, too.
    forceCloseConnections: false,
    return503OnClosing: false,
    genReqId: ({ headers }) => {
      const given = headers['x-request-id']
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
    },
    // A URL that is none gets as far as no route.
    frameworkErrors: (error, _, reply) => {
      void refuse(reply, error.statusCode ?? 400, 'BAD_USER_INPUT', error.message)
    },
    clientErrorHandler: refuseMalformed,
    // What is logged names its request by itself; a logger of its own for each would cost more than many an answer.
    childLoggerFactory: (logger) => logger,
  })
  server.server.maxConnections = MAX_CONNECTIONS
  server.server.on('checkExpectation', (_, response) => {
    const body = refusalBody('BAD_USER_INPUT', 'The only expectation that is served is 100-continue.')
    const about = { 'content-type': JSON_TYPE, 'content-length': body.length, connection: 'close' }
    response.writeHead(417, { ...RESPONSE_HEADERS, ...about }).end(body)
  })
  acceptJsonBodies(server)
  server.addHook('onRequest', ({ raw }, reply, done) => turns.take(raw, reply.raw, done))
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(RESPONSE_HEADERS).header('x-request-id', request.id)
    const refusal = refusalOf(request.raw)
    if (refusal === null) done()
    else refuse(reply, refusal.status, 'BAD_USER_INPUT', refusal.message)
  })
  allowOrigins(server, origins)
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return refuse(reply, status, 'BAD_USER_INPUT', error.message)
    request.log.error({ err: error, requestId: request.id }, 'request failed')
    const message = `Something went wrong on our side. Quote request ${request.id} when you report it.`
    return refuse(reply, status, 'INTERNAL_SERVER_ERROR', message, { requestId: request.id })
  })
  server.setNotFoundHandler((request, reply) => {
    const message = `There is nothing at ${request.method} ${request.url.split('?', 1)[0]}.`
    return refuse(reply, 404, 'NOT_FOUND', message)
  })
  return server
}

/** For what Node could not read as a request, or not in time. */
function refuseMalformed({ code }: NodeJS.ErrnoException, socket: Socket): void {
  // Whatever was sent on the connection before, a second answer could be taken for a part of it.
  if (!socket.writable || socket.bytesWritten > 0) socket.destroy()
  else if (code === 'ERR_HTTP_REQUEST_TIMEOUT') refuseRaw(socket, 408, 'The request did not arrive in time.')
  else if (code === 'HPE_HEADER_OVERFLOW')
    refuseRaw(socket, 431, `The headers have more than ${maxHeaderSize} bytes.`)
  else refuseRaw(socket, 400, 'This is not an HTTP/1.1 request.')
}

/** Tells browsers which pages of other origins may read the answers. Those of its own need not be told. */
function allowOrigins(server: FastifyInstance, { allows, others }: OriginPolicy): void {
  // Chrome asks once more before it lets a page on the internet talk to a server on the visitor's own machine.
  server.addHook('onRequest', ({ headers }, reply, done) => {
    if (headers['access-control-request-private-network'] === 'true' && allows(headers)) {
      reply.header('access-control-allow-private-network', 'true')
    }
    done()
  })
  server.register(fastifyCors, {
    origin: [...others],
    exposedHeaders: ['x-request-id'],
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
    strictPreflight: false,
  })
}
