/**
 * Live operations over WebSocket, in the graphql-transport-ws protocol. graphql-ws sees to how a connection begins and stays alive;
 * operations, and how results get out, are ours: a frame is written to the socket as the bytes that all members of a group
 * share, with an operation's own id behind them. The socket is the one that the upgrade was asked on, and ws without
 * compression writes to it at once, so the two do not get into each other's way.
 */
import { STATUS_CODES } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GraphQLError } from 'graphql'
import {
  CloseCode,
  MessageType,
  handleProtocols,
  makeServer,
  parseMessage,
  stringifyMessage,
} from 'graphql-ws'
import type { Server, SubscribeMessage } from 'graphql-ws'
import { WebSocket, WebSocketServer } from 'ws'
import { asGraphQLError, badUserInput, fault, formatFault } from '../errors.ts'
import type { OriginPolicy } from '../origins.ts'
import type { Frame } from './frame.ts'
import type { LiveGroups } from './groups.ts'
import { KeepAlive } from './keep-alive.ts'
import type { Peer } from './keep-alive.ts'
import type { Member } from './member.ts'
import { nextMessage, nextMessageTail } from './next-message.ts'
import type { PrepareOperation } from './operation.ts'
import { Outbox } from './outbox.ts'
import type { OutboxOperation, OutboxOwner } from './outbox.ts'
import type { LiveStats } from '../../live/stats.ts'

export interface WebSocketOptions {
  readonly path: string
  readonly allowsOrigin: OriginPolicy['allows']
  readonly prepare: PrepareOperation
  readonly groups: LiveGroups
  readonly stats: LiveStats
  readonly createRequestId: () => string
  readonly maxConnections: number
  readonly maxSubscriptionsPerConnection: number
  readonly pingIntervalMs: number
  /** Told of errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
}

export interface LiveSockets {
  readonly connections: number
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Tells clients to connect elsewhere, in random order over this time. */
  readonly drain: (ms: number) => Promise<void>
  readonly close: () => Promise<void>
}

const SOCKET_LIMITS = {
  maxPayload: 64 * 1024,
  // Frames of a message, and pieces that a frame arrives in: more of them are not sent in earnest (1008).
  maxFragments: 128,
  maxBufferedChunks: 1024,
  // A peer that does not close its side is cut off, in milliseconds.
  closeTimeout: 5000,
}
/** Answers that a peer may leave unread while it goes on asking. */
const MAX_UNREAD_BYTES = 1024 * 1024
const MAX_ID_CHARACTERS = 90
const INIT_TIMEOUT_MS = 3_000
/** A peer that takes nothing of what it is sent for so long is cut off. */
const MAX_STUCK_MS = 10_000
const GOING_AWAY = 1001
const SERVICE_RESTART = 1012
const TRY_AGAIN_LATER = 1013
const DRAIN_STEP_MS = 20
/** Clients that have not closed by then when the server closes are cut off. */
const CLOSE_TIMEOUT_MS = 2000
/** What graphql-ws throws for a message that is well-formed but not for a server. */
const NOT_FOR_SERVERS = /^Unexpected message of type/

export function createLiveSockets(options: WebSocketOptions): LiveSockets {
  const { path, allowsOrigin } = options
  const sockets = new WebSocketServer({
    noServer: true,
    ...SOCKET_LIMITS,
    perMessageDeflate: false,
    // Another protocol is agreed to, or else a browser would not tell its page that the answer is 4406.
    handleProtocols: (offered) => handleProtocols(offered) || (offered.values().next().value ?? false),
  })
  const handshake = makeServer({ connectionInitWaitTimeout: INIT_TIMEOUT_MS })
  const keepAlive = new KeepAlive(options.pingIntervalMs)
  const connections = new Set<Connection>()

  function serve(ws: WebSocket, socket: Duplex): void {
    const connection = new Connection(ws, socket, options)
    connections.add(connection)
    const release = keepAlive.add(connection)
    connection.open(handshake)
    ws.once('close', (code) => {
      release()
      connections.delete(connection)
      connection.noteClosed(code)
    })
  }

  function refusalOf({ url = '', headers }: IncomingMessage): number | null {
    if (url.split('?', 1)[0] !== path) return 404
    if (!allowsOrigin(headers)) return 403
    if (connections.size >= options.maxConnections) return 503
    return null
  }

  return {
    get connections() {
      return connections.size
    },
    upgrade(request, socket, head) {
      const status = refusalOf(request)
      if (status !== null) refuseUpgrade(socket, status)
      else sockets.handleUpgrade(request, socket, head, (ws) => serve(ws, socket))
    },
    async drain(ms) {
      const shuffled = [...connections]
        .map((connection) => ({ connection, at: Math.random() * ms }))
        .toSorted((a, b) => a.at - b.at)
      const startedAt = performance.now()
      for (const { connection, at } of shuffled) {
        while (performance.now() - startedAt < at) await sleep(DRAIN_STEP_MS)
        connection.close(SERVICE_RESTART, 'Service restart')
      }
    },
    async close() {
      keepAlive.close()
      const closing = new Promise((resolve) => sockets.close(resolve))
      for (const connection of connections) connection.close(GOING_AWAY, 'Going away')
      const cutOff = setTimeout(() => {
        for (const connection of connections) connection.terminate()
      }, CLOSE_TIMEOUT_MS)
      await closing
      clearTimeout(cutOff)
    },
  }
}

class Connection implements Peer, OutboxOwner {
  unanswered = 0
  readonly outbox: Outbox
  readonly #ws: WebSocket
  readonly #options: WebSocketOptions
  readonly #operations = new Map<string, Operation>()
  #handshake: ((data: string) => Promise<void>) | null = null
  #acknowledged = false
  #closed = false
  /** When the result was recorded whose confirmation is awaited, as it was sent. */
  #probed: string | null = null

  constructor(ws: WebSocket, socket: Duplex, options: WebSocketOptions) {
    this.#ws = ws
    this.#options = options
    this.outbox = new Outbox(socket, options.stats, this)
  }

  open(handshake: Server): void {
    const ws = this.#ws
    // A peer that broke the protocol or the connection: ws has closed it with the code for that.
    ws.on('error', () => {})
    ws.on('message', (data: Buffer) => this.#receive(data.toString()))
    ws.on('pong', (data) => this.#pong(data))
    ws.on('ping', () => this.#limitUnread())
    const closed = handshake.opened(
      {
        protocol: ws.protocol,
        send: async (data) => {
          this.#acknowledged ||= data.includes(`"${MessageType.ConnectionAck}"`)
          ws.send(data)
        },
        close: (code, reason) => this.close(code as number, reason as string),
        onMessage: (handle) => {
          this.#handshake = handle
        },
      },
      undefined,
    )
    ws.once('close', (code, reason) => void closed(code, String(reason)))
  }

  get isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN
  }

  cutOff(): void {
    this.close(TRY_AGAIN_LATER, 'slow consumer')
  }

  ping(): void {
    if (this.outbox.stuckForMs > MAX_STUCK_MS) this.cutOff()
    else this.#ws.ping()
  }

  terminate(): void {
    this.#ws.terminate()
  }

  close(code: number, reason: string): void {
    this.noteClosed(code)
    this.#ws.close(code, reason)
  }

  /** Whichever side has closed it first: nothing more is sent. */
  noteClosed(code: number): void {
    if (this.#closed) return
    this.#closed = true
    this.#options.stats.noteClosed(code)
    this.outbox.close()
    for (const operation of this.#operations.values()) operation.leave()
    this.#operations.clear()
  }

  /** A ping goes behind what was sent before it, and its answer says when that has arrived. */
  confirm(recordedAt: number): void {
    this.#probed = String(recordedAt)
    this.#ws.ping(this.#probed)
  }

  fail(operation: Operation, error: unknown): void {
    this.#operations.delete(operation.id)
    this.#refuse(operation.id, [asGraphQLError(error)])
  }

  #pong(data: Buffer): void {
    this.unanswered = 0
    if (this.#probed === null || data.toString('latin1') !== this.#probed) return
    this.#options.stats.latency.confirmed(Date.now() - Number(this.#probed))
    this.#probed = null
  }

  #receive(text: string): void {
    const message = this.#acknowledged ? parseOrNull(text) : null
    if (message?.type === MessageType.Subscribe) this.#subscribe(message)
    else if (message?.type === MessageType.Complete) this.#complete(message.id)
    else this.#handshake?.(text).catch((error: Error) => this.#break(error))
    this.#limitUnread()
  }

  #subscribe({ id, payload }: SubscribeMessage): void {
    const { prepare, groups, maxSubscriptionsPerConnection } = this.#options
    if (id.length > MAX_ID_CHARACTERS) {
      return this.close(CloseCode.BadRequest, `An id can have ${MAX_ID_CHARACTERS} characters.`)
    }
    if (this.#operations.has(id)) {
      return this.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`)
    }
    if (this.#operations.size >= maxSubscriptionsPerConnection) {
      const message = `A connection can have ${maxSubscriptionsPerConnection} subscriptions at once.`
      return this.#refuse(id, [fault('RATE_LIMITED', message, { retryable: true })])
    }
    const prepared = prepare(payload, null)
    if (prepared === null) {
      return this.#refuse(id, [badUserInput('Only subscriptions go over WebSocket; send this over HTTP.')])
    }
    if (!('key' in prepared)) return this.#refuse(id, prepared)
    const operation = new Operation(this, id)
    this.#operations.set(id, operation)
    operation.leave = groups.join(prepared, operation)
  }

  #complete(id: string): void {
    const operation = this.#operations.get(id)
    if (operation === undefined) return
    this.#operations.delete(id)
    operation.leave()
    this.outbox.forget(operation)
  }

  #refuse(id: string, errors: readonly GraphQLError[]): void {
    const { createRequestId, report } = this.#options
    const requestId = createRequestId()
    const payload = errors.map((error) => formatFault(error, requestId, (cause) => report(cause, requestId)))
    this.#ws.send(stringifyMessage({ id, type: MessageType.Error, payload }))
  }

  #break(error: Error): void {
    // A payload that nests too deep to be sent back is a RangeError.
    if (NOT_FOR_SERVERS.test(error.message) || error instanceof RangeError) {
      return this.close(CloseCode.BadRequest, 'Invalid message received')
    }
    this.#options.report(error, this.#options.createRequestId())
    this.close(CloseCode.InternalServerError, 'Internal server error')
  }

  /** Each message is answered; what a peer does not read, the server would have to keep. */
  #limitUnread(): void {
    if (this.#ws.bufferedAmount > MAX_UNREAD_BYTES) this.#ws.terminate()
  }
}

class Operation implements Member, OutboxOperation {
  readonly id: string
  leave: () => void = () => {}
  readonly #connection: Connection
  readonly #outbox: Outbox
  readonly #tail: string

  constructor(connection: Connection, id: string) {
    this.#connection = connection
    this.#outbox = connection.outbox
    this.id = id
    this.#tail = nextMessageTail(id)
  }

  get congested(): boolean {
    return this.#outbox.congested
  }

  drained(): Promise<void> {
    return this.#outbox.drained()
  }

  encode(frame: Frame): string {
    return nextMessage(frame, this.#tail)
  }

  next(frame: Frame): void {
    this.#outbox.send(this, frame)
  }

  confirm(recordedAt: number): void {
    this.#connection.confirm(recordedAt)
  }

  fail(error: unknown): void {
    this.#connection.fail(this, error)
  }
}

/** Null: graphql-ws is to say what is wrong with it. */
function parseOrNull(text: string): ReturnType<typeof parseMessage> | null {
  try {
    return parseMessage(text)
  } catch {
    return null
  }
}

/** Node has let go of the connection: nobody else hears its errors or closes it. */
function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on('error', () => {})
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}
