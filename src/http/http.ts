/** The HTTP server without routes: which hosts and origins it serves, limits on size and time of requests, and the form of errors. */
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

/** All connections, live ones included. A process can have about 20,000 descriptors, and the database needs some of them. */
const MAX_CONNECTIONS = 17_000
/** A peer that does not send all headers in this time is disconnected. */
const HEADERS_TIMEOUT_MS = 5000
/** A peer that does not send the whole request in this time is disconnected. */
const REQUEST_TIMEOUT_MS = 10_000
/** How often Node checks these two limits. */
const CHECK_INTERVAL_MS = 1000
/** A peer that does not read its answer in this time is disconnected. No answer takes this long to produce. */
const IDLE_TIMEOUT_MS = 30_000
const PREFLIGHT_MAX_AGE_SECONDS = 3600
const REQUEST_ID = /^[\w.:-]{1,100}$/

/** Request bodies must be JSON. All errors are JSON. */
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
      // The host policy rejects such requests, with an error in JSON.
      requireHostHeader: false,
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    // `serve` controls the shutdown: requests under way, and those that arrive meanwhile, are still answered.
    forceCloseConnections: false,
    return503OnClosing: false,
    genReqId: ({ headers }) => {
      const given = headers['x-request-id']
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
    },
    // A malformed URL never reaches a route.
    frameworkErrors: (error, _, reply) => {
      void refuse(reply, error.statusCode ?? 400, 'BAD_USER_INPUT', error.message)
    },
    clientErrorHandler: refuseMalformed,
    // Log lines carry the request id; a child logger per request would be too expensive.
    childLoggerFactory: (logger) => logger,
  })
  server.server.maxConnections = MAX_CONNECTIONS
  server.server.on('checkExpectation', (_, response) => {
    const body = refusalBody('BAD_USER_INPUT', 'The only supported expectation is 100-continue.')
    const headers = { 'content-type': JSON_TYPE, 'content-length': body.length, connection: 'close' }
    response.writeHead(417, { ...RESPONSE_HEADERS, ...headers }).end(body)
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

/** Answers what Node could not parse as a request, or did not receive in time. */
function refuseMalformed({ code }: NodeJS.ErrnoException, socket: Socket): void {
  // After earlier bytes on the connection, the client could take this answer for a part of the one before.
  if (!socket.writable || socket.bytesWritten > 0) socket.destroy()
  else if (code === 'ERR_HTTP_REQUEST_TIMEOUT') refuseRaw(socket, 408, 'The request did not arrive in time.')
  else if (code === 'HPE_HEADER_OVERFLOW')
    refuseRaw(socket, 431, `The headers have more than ${maxHeaderSize} bytes.`)
  else refuseRaw(socket, 400, 'This is not an HTTP/1.1 request.')
}

/** CORS: which pages of other origins may read the answers. */
function allowOrigins(server: FastifyInstance, { allows, others }: OriginPolicy): void {
  // Chrome's private network access: pages on the internet need permission to call a server on the visitor's own machine.
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
