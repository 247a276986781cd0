/**
 * GraphQL over WebSocket: subscriptions, in the graphql-transport-ws protocol. graphql-ws speaks the protocol; this
 * file decides who may connect and what one connection may cost.
 */
import { STATUS_CODES } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { GraphQLError } from 'graphql'
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { SlowConsumer } from '../live/ledger-feed.ts'
import type { ApiContext } from './context.ts'
import { fault, formatFault } from './errors.ts'
import { keepAlive } from './keep-alive.ts'
import type { OriginPolicy } from './origins.ts'
import { createPrepareSubscription } from './prepare-subscription.ts'
import type { PrepareOptions } from './prepare-subscription.ts'

export interface WebSocketOptions extends PrepareOptions {
  readonly path: string
  readonly allowsOrigin: OriginPolicy
  readonly createContext: () => ApiContext
  readonly maxConnections: number
  readonly maxSubscriptionsPerConnection: number
  readonly pingIntervalMs: number
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

/** For ws, whose types do not know all of them. */
const SOCKET_LIMITS = {
  maxPayload: 64 * 1024,
  // Frames of a message, and pieces that a frame arrives in: more of them are not sent in earnest (1008).
  maxFragments: 128,
  maxBufferedChunks: 1024,
  // A peer that does not close its side is cut off, in milliseconds.
  closeTimeout: 2000,
}
/** Answers that a peer may leave unread while it goes on asking. */
const MAX_UNREAD_BYTES = 1024 * 1024
const MAX_ID_CHARACTERS = 90
const INIT_TIMEOUT_MS = 3_000
const GOING_AWAY = 1001
const TRY_AGAIN_LATER = 1013
/** What graphql-ws throws for a message that is well-formed but not for a server. */
const NOT_FOR_SERVERS = /^Unexpected message of type/

export function createLiveSockets(options: WebSocketOptions): LiveSockets {
  const { path, allowsOrigin, createContext, maxSubscriptionsPerConnection, report, onDelivery } = options
  const prepare = createPrepareSubscription(options)
  const sockets = new WebSocketServer({
    noServer: true,
    ...SOCKET_LIMITS,
    perMessageDeflate: false,
    // Another protocol is agreed to, or else a browser would not tell its page that the answer is 4406.
    handleProtocols: (offered) => handleProtocols(offered) || (offered.values().next().value ?? false),
  })

  const server = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onSubscribe: ({ subscriptions, extra: { socket } }, id, payload) => {
      if (id.length > MAX_ID_CHARACTERS) {
        const message = `An id can have ${MAX_ID_CHARACTERS} characters.`
        socket.close(CloseCode.BadRequest, message)
        return [fault('BAD_USER_INPUT', message)]
      }
      if (Object.keys(subscriptions).length > maxSubscriptionsPerConnection) {
        const message = `A connection can have ${maxSubscriptionsPerConnection} subscriptions at once.`
        return [fault('RATE_LIMITED', message, { retryable: true })]
      }
      try {
        return prepare(payload, createContext())
      } catch (error) {
        // Thrown on, it would cost the connection its other subscriptions, too.
        return [new GraphQLError('', { originalError: error as Error })]
      }
    },
    onNext: (_, __, ___, { contextValue }, { data, errors }) => {
      onDelivery()
      if (errors === undefined) return undefined
      const faults = { errors: errors.map((error) => format(error, contextValue as ApiContext)) }
      return data === undefined ? faults : { data, ...faults }
    },
    onError: ({ extra: { socket } }, _, __, errors) => {
      if (errors.some(({ originalError }) => originalError instanceof SlowConsumer)) {
        socket.close(TRY_AGAIN_LATER, 'slow consumer')
      }
      return errors.map((error) => format(error, createContext()))
    },
  })

  function format(error: GraphQLError, { requestId }: ApiContext) {
    return formatFault(error, requestId, (cause) => report(cause, requestId))
  }

  sockets.on('connection', (socket) => serve(socket))

  function serve(socket: WebSocket): void {
    // A peer that broke the protocol or the connection: ws has closed it with the code for that.
    socket.on('error', () => {})
    const stopPinging = keepAlive(socket, options.pingIntervalMs)
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (data) => new Promise((resolve) => socket.send(data, () => resolve())),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) =>
          socket.on('message', (data: Buffer) => {
            handle(data.toString()).catch((error: Error) => {
              if (NOT_FOR_SERVERS.test(error.message)) {
                socket.close(CloseCode.BadRequest, 'Invalid message received')
                return
              }
              report(error, createContext().requestId)
              socket.close(CloseCode.InternalServerError, 'Internal server error')
            })
          }),
      },
      { socket },
    )
    // Each of them is answered; what a peer does not read, the server would have to keep.
    for (const asked of ['message', 'ping'] as const) {
      socket.on(asked, () => {
        if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate()
      })
    }
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
      const status = refusalOf(request)
      if (status !== null) refuseUpgrade(socket, status)
      else
        sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request))
    },
    async close() {
      const closing = new Promise((resolve) => sockets.close(resolve))
      for (const socket of sockets.clients) socket.close(GOING_AWAY, 'Going away')
      await closing
    },
  }

  function refusalOf({ url = '', headers }: IncomingMessage): number | null {
    if (url.split('?', 1)[0] !== path) return 404
    if (!allowsOrigin(headers)) return 403
    if (sockets.clients.size >= options.maxConnections) return 503
    return null
  }
}

/** Node has let go of the connection: nobody else hears its errors or closes it. */
function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on('error', () => {})
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}
