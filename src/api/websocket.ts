/**
 * GraphQL over WebSocket: subscriptions, in the graphql-transport-ws protocol. graphql-ws speaks the protocol; this
 * file decides who may connect, what may be asked, and what one connection may cost.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { GraphQLError, OperationTypeNode, getOperationAST, validate } from 'graphql'
import type { ExecutionArgs, GraphQLSchema } from 'graphql'
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws'
import type { SubscribePayload } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { SlowConsumer } from '../live/ledger-feed.ts'
import type { ApiContext } from './context.ts'
import { badUserInput, fault, formatFault } from './errors.ts'
import { exceededLimit, parseWithinLimits } from './limits.ts'
import type { OriginPolicy } from './origins.ts'

export interface WebSocketOptions {
  readonly schema: GraphQLSchema
  readonly path: string
  readonly allowsOrigin: OriginPolicy
  readonly createContext: () => ApiContext
  readonly maxConnections: number
  readonly maxSubscriptionsPerConnection: number
  /** Told of errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
  /** Told of every message sent to a subscriber. */
  readonly onDelivery: () => void
}

export interface LiveSockets {
  readonly connections: number
  /** For the `upgrade` event of the HTTP server. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Takes no more connections, and closes those there are with 1001. */
  readonly close: () => Promise<void>
}

interface Extra {
  readonly socket: WebSocket
}

const MAX_MESSAGE_BYTES = 64 * 1024
const PING_INTERVAL_MS = 10_000
const INIT_TIMEOUT_MS = 3_000
const GOING_AWAY = 1001
const TRY_AGAIN_LATER = 1013

export function createLiveSockets(options: WebSocketOptions): LiveSockets {
  const { schema, path, allowsOrigin, createContext, report, onDelivery } = options
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols,
  })

  const server = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onSubscribe: ({ subscriptions }, _, payload) => {
      if (Object.keys(subscriptions).length > options.maxSubscriptionsPerConnection) {
        return [
          fault(
            'RATE_LIMITED',
            `A connection can have ${options.maxSubscriptionsPerConnection} subscriptions at once.`,
          ),
        ]
      }
      return prepare(schema, payload, createContext())
    },
    onNext: (_, __, ___, { contextValue }, { data, errors }) => {
      onDelivery()
      if (errors === undefined) return undefined
      const faults = { errors: errors.map((error) => format(error, contextValue)) }
      return data === undefined ? faults : { data, ...faults }
    },
    onError: ({ extra: { socket } }, _, __, errors) => {
      if (errors.some(({ originalError }) => originalError instanceof SlowConsumer)) {
        socket.close(TRY_AGAIN_LATER, 'slow consumer')
      }
      return errors.map((error) => format(error, createContext()))
    },
  })

  function format(error: GraphQLError, context: unknown) {
    const { requestId } = context as ApiContext
    return formatFault(error, requestId, (cause) => report(cause, requestId))
  }

  sockets.on('connection', (socket) => serve(socket))

  function serve(socket: WebSocket): void {
    socket.on('error', (error) => report(error, 'websocket'))
    const stopPinging = keepAlive(socket)
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (data) => new Promise((resolve) => socket.send(data, () => resolve())),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) =>
          socket.on('message', (data: Buffer) => {
            handle(data.toString()).catch((error: unknown) => {
              report(error, 'websocket')
              socket.close(CloseCode.InternalServerError, 'Internal server error')
            })
          }),
      },
      { socket },
    )
    socket.once('close', (code, reason) => {
      stopPinging()
      void closed(code, String(reason))
    })
  }

  return {
    get connections() {
      return sockets.clients.size
    },
    upgrade(request, socket, head) {
      const refusal = refusalOf(request)
      if (refusal !== null) {
        socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
        return
      }
      sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request))
    },
    async close() {
      const closing = new Promise((resolve) => sockets.close(resolve))
      for (const socket of sockets.clients) socket.close(GOING_AWAY, 'Going away')
      await closing
    },
  }

  function refusalOf({ url = '', headers: { origin, host } }: IncomingMessage): string | null {
    if (url.split('?', 1)[0] !== path) return '404 Not Found'
    if (!allowsOrigin(origin, host)) return '403 Forbidden'
    if (sockets.clients.size >= options.maxConnections) return '503 Service Unavailable'
    return null
  }
}

/** What to execute; or why not, which concerns this subscription alone and leaves the connection open. */
function prepare(
  schema: GraphQLSchema,
  { query, operationName, variables }: SubscribePayload,
  contextValue: ApiContext,
): ExecutionArgs | GraphQLError[] {
  let document
  try {
    document = parseWithinLimits(query)
  } catch (error) {
    return [error as GraphQLError]
  }
  const exceeded = exceededLimit(schema, document)
  if (exceeded !== null) return [exceeded]
  const invalid = validate(schema, document)
  if (invalid.length > 0) return [...invalid]
  const operation = getOperationAST(document, operationName)
  if (operation == null) return [badUserInput('Say with "operationName" which of the operations is meant.')]
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) {
    const message = `Only subscriptions go over WebSocket; send the ${operation.operation} over HTTP.`
    return [badUserInput(message)]
  }
  return {
    schema,
    document,
    operationName: operationName ?? null,
    variableValues: variables ?? null,
    contextValue,
  }
}

/** Cuts off a peer that has not answered two pings in a row. */
function keepAlive(socket: WebSocket): () => void {
  let unanswered = 0
  socket.on('pong', () => {
    unanswered = 0
  })
  const timer = setInterval(() => {
    if (unanswered >= 2) {
      socket.terminate()
      return
    }
    unanswered += 1
    socket.ping()
  }, PING_INTERVAL_MS)
  return () => clearInterval(timer)
}
