/**
 * One client's connection in the graphql-transport-ws protocol.
 *
 * Phases: opened → initialized (it has sent connection_init) → acknowledged (it may subscribe) → closed. A message of the client is
 * answered by the phase alone, so nothing that a client writes into a message can stand for a phase that was not reached.
 *
 * Whatever goes wrong while one of its callbacks runs ends this connection, with 4500, and nothing else.
 */
import type { Duplex } from 'node:stream'
import type { GraphQLError } from 'graphql'
import {
  CloseCode,
  GRAPHQL_TRANSPORT_WS_PROTOCOL,
  MessageType,
  parseMessage,
  stringifyMessage,
} from 'graphql-ws'
import type { Message, SubscribeMessage } from 'graphql-ws'
import { WebSocket } from 'ws'
import { asGraphQLError, badUserInput, fault, formatFault } from '../graphql/errors.ts'
import type { LiveStats } from '../live/stats.ts'
import type { Backlogs } from './backlogs.ts'
import type { Frame } from './frame.ts'
import type { LiveGroups } from './groups.ts'
import type { Peer } from './keep-alive.ts'
import type { Member } from './member.ts'
import { Memberships } from './memberships.ts'
import { nextMessage, nextMessageTail } from './next-message.ts'
import type { PrepareOperation } from '../graphql/subscriptions/operation.ts'
import { Outbox } from './outbox.ts'
import type { Client } from '../admission/client-shares.ts'
import type { OutboxOperation, OutboxOwner } from './outbox.ts'

export interface ConnectionOptions {
  readonly prepare: PrepareOperation
  readonly groups: LiveGroups
  readonly stats: LiveStats
  readonly backlogs: Backlogs
  /** Of the log's present history. Clients are told of it as they connect. */
  readonly epoch: () => string
  readonly createRequestId: () => string
  readonly maxSubscriptionsPerConnection: number
  /** Receives errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
}

type Phase = 'opened' | 'initialized' | 'acknowledged' | 'closed'

/** Answers that a peer may leave unread while it goes on asking. */
const MAX_UNREAD_BYTES = 1024 * 1024
const MAX_ID_BYTES = 90
const INIT_TIMEOUT_MS = 3_000
/** A peer that takes nothing of what it is sent for so long is cut off. */
const MAX_STUCK_MS = 10_000
const TRY_AGAIN_LATER = 1013

export class Connection implements Peer, OutboxOwner {
  unanswered = 0
  readonly outbox: Outbox
  readonly client: Client
  readonly #ws: WebSocket
  readonly #options: ConnectionOptions
  readonly #memberships: Memberships
  readonly #initTimeout: NodeJS.Timeout
  #phase: Phase = 'opened'
  /** When the result was recorded whose confirmation is awaited, as it was sent. */
  #probed: string | null = null

  constructor(ws: WebSocket, socket: Duplex, client: Client, options: ConnectionOptions) {
    this.client = client
    this.#ws = ws
    this.#options = options
    this.#memberships = new Memberships(options.groups)
    this.outbox = new Outbox(socket, options.stats, options.backlogs, this)
    this.#initTimeout = setTimeout(() => this.#guard(() => this.#endWaitForInit()), INIT_TIMEOUT_MS)
    // A peer that broke the protocol or the connection: ws has closed it with the code for that.
    ws.on('error', () => {})
    ws.on('message', (data: Buffer) => this.#guard(() => this.#receive(data.toString())))
    ws.on('ping', () => this.#guard(() => this.#limitUnread()))
    ws.on('pong', (data) => this.#guard(() => this.#pong(data)))
    ws.once('close', (code) => this.#guard(() => this.noteClosed(code)))
    if (ws.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL)
      this.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable')
  }

  /** Neither side has begun to close. */
  get isOpen(): boolean {
    return this.#phase !== 'closed' && this.#ws.readyState === WebSocket.OPEN
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

  /** @param reason a fixed text: it may have 123 bytes, and nothing that a client has sent belongs there */
  close(code: number, reason: string): void {
    this.noteClosed(code)
    this.#ws.close(code, reason)
  }

  /** Whichever side has closed it first: nothing more is sent, and nothing more is received. */
  noteClosed(code: number): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    clearTimeout(this.#initTimeout)
    this.#options.stats.noteClosed(code)
    this.outbox.close()
    this.#memberships.close()
  }

  /** Something went wrong on our side while serving this client. */
  break(error: unknown): void {
    this.#options.report(error, this.#options.createRequestId())
    try {
      this.close(CloseCode.InternalServerError, 'Internal server error')
    } catch {
      this.#ws.terminate()
    }
  }

  /** A ping goes behind what was sent before it, and its answer says when that has arrived. */
  confirm(recordedAt: number): void {
    this.#probed = String(recordedAt)
    this.#ws.ping(this.#probed)
  }

  fail(id: string, error: unknown): void {
    this.#guard(() => {
      if (this.#memberships.leave(id)) this.#refuse(id, [asGraphQLError(error)])
    })
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.break(error)
    }
  }

  #pong(data: Buffer): void {
    this.unanswered = 0
    if (this.#probed === null || data.toString('latin1') !== this.#probed) return
    this.#options.stats.latency.confirmed(Date.now() - Number(this.#probed))
    this.#probed = null
  }

  #receive(text: string): void {
    if (!this.isOpen) return
    const message = parseOrNull(text)
    if (message === null) this.#refuseMessage()
    else this.#take(message)
    this.#limitUnread()
  }

  #take(message: Message): void {
    switch (message.type) {
      case MessageType.ConnectionInit:
        return this.#init()
      case MessageType.Ping:
        return this.#answerPing(message.payload)
      case MessageType.Pong:
        return
      case MessageType.Subscribe:
        return this.#subscribe(message)
      case MessageType.Complete:
        return this.#complete(message.id)
      default:
        // One that only servers send.
        return this.#refuseMessage()
    }
  }

  #refuseMessage(): void {
    this.close(CloseCode.BadRequest, 'Invalid message received')
  }

  #init(): void {
    if (this.#phase !== 'opened')
      return this.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests')
    this.#phase = 'initialized'
    clearTimeout(this.#initTimeout)
    // A client has to wait for the acknowledgement: what came in one packet with connection_init did not.
    queueMicrotask(() => this.#guard(() => this.#acknowledge()))
  }

  #acknowledge(): void {
    if (this.#phase !== 'initialized') return
    this.#phase = 'acknowledged'
    const payload = { epoch: this.#options.epoch() }
    this.#ws.send(stringifyMessage({ type: MessageType.ConnectionAck, payload }))
  }

  #endWaitForInit(): void {
    this.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout')
  }

  #answerPing(payload: Record<string, unknown> | undefined): void {
    let pong: string
    try {
      pong = stringifyMessage({ type: MessageType.Pong, ...(payload && { payload }) })
    } catch {
      // It nests too deep to be written down again.
      return this.#refuseMessage()
    }
    this.#ws.send(pong)
  }

  #subscribe({ id, payload }: SubscribeMessage): void {
    const { prepare, maxSubscriptionsPerConnection } = this.#options
    if (this.#phase !== 'acknowledged') return this.close(CloseCode.Unauthorized, 'Unauthorized')
    if (Buffer.byteLength(id) > MAX_ID_BYTES)
      return this.close(CloseCode.BadRequest, `An id can have ${MAX_ID_BYTES} bytes.`)
    if (this.#memberships.has(id))
      return this.close(CloseCode.SubscriberAlreadyExists, 'Subscriber already exists')
    if (this.#memberships.size >= maxSubscriptionsPerConnection) {
      const message = `A connection can have ${maxSubscriptionsPerConnection} subscriptions at once.`
      return this.#refuse(id, [fault('RATE_LIMITED', message, { retryable: true })])
    }
    const prepared = prepare(payload, null)
    if (prepared === null)
      return this.#refuse(id, [badUserInput('Only subscriptions go over WebSocket; send this over HTTP.')])
    if (!('key' in prepared)) return this.#refuse(id, prepared)
    try {
      this.#memberships.join(id, prepared, new Operation(this, id))
    } catch (error) {
      this.#refuse(id, [asGraphQLError(error)])
    }
  }

  #complete(id: string): void {
    if (this.#memberships.leave(id)) this.outbox.forget(id)
  }

  #refuse(id: string, errors: readonly GraphQLError[]): void {
    const { createRequestId, report } = this.#options
    const requestId = createRequestId()
    const payload = errors.map((error) => formatFault(error, requestId, (cause) => report(cause, requestId)))
    this.#ws.send(stringifyMessage({ id, type: MessageType.Error, payload }))
  }

  /** Each message is answered; what a peer does not read, the server would have to keep. */
  #limitUnread(): void {
    if (this.#ws.bufferedAmount > MAX_UNREAD_BYTES) this.#ws.terminate()
    else this.outbox.noteAnswered()
  }
}

class Operation implements Member, OutboxOperation {
  readonly id: string
  readonly #connection: Connection
  readonly #outbox: Outbox
  readonly #tail: string

  constructor(connection: Connection, id: string) {
    this.#connection = connection
    this.#outbox = connection.outbox
    this.id = id
    this.#tail = nextMessageTail(id)
  }

  get client(): Client {
    return this.#connection.client
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
    this.#connection.fail(this.id, error)
  }
}

/** Null: it is no message of the protocol. */
function parseOrNull(text: string): Message | null {
  try {
    return parseMessage(text)
  } catch {
    return null
  }
}
