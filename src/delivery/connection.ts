/**
 * One client's connection in the graphql-transport-ws protocol.
 *
 * Phases: opened → initialized (the client has sent connection_init) → acknowledged (the client may subscribe) → closed. Only the phase
 * decides which messages are allowed, never the content of a message.
 *
 * An exception in one of the callbacks closes this connection with 4500 and affects nothing else.
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
  /** The log's current epoch, which clients receive with connection_ack. */
  readonly epoch: () => string
  readonly createRequestId: () => string
  readonly maxSubscriptionsPerConnection: number
  /** Receives errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
}

type Phase = 'opened' | 'initialized' | 'acknowledged' | 'closed'

/** Answers that a peer may leave unread while it sends more messages. */
const MAX_UNREAD_BYTES = 1024 * 1024
const MAX_ID_BYTES = 90
const INIT_TIMEOUT_MS = 3_000
/** A peer that reads nothing for this long is disconnected. */
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
  /** Payload of the latest latency probe: when the change in the result before it was recorded. Null: no probe is under way. */
  #probed: string | null = null

  constructor(ws: WebSocket, socket: Duplex, client: Client, options: ConnectionOptions) {
    this.client = client
    this.#ws = ws
    this.#options = options
    this.#memberships = new Memberships(options.groups)
    this.outbox = new Outbox(socket, options.stats, options.backlogs, this)
    this.#initTimeout = setTimeout(() => this.#guard(() => this.#endWaitForInit()), INIT_TIMEOUT_MS)
    // After an error in the protocol or the connection, ws closes the socket with the right code.
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

  /** @param reason a fixed text of at most 123 bytes, never a client's input */
  close(code: number, reason: string): void {
    this.noteClosed(code)
    this.#ws.close(code, reason)
  }

  /** Ends all work for the connection, whichever side has closed it. */
  noteClosed(code: number): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    clearTimeout(this.#initTimeout)
    this.#options.stats.noteClosed(code)
    this.outbox.close()
    this.#memberships.close()
  }

  /** Closes the connection after an internal error. */
  break(error: unknown): void {
    this.#options.report(error, this.#options.createRequestId())
    try {
      this.close(CloseCode.InternalServerError, 'Internal server error')
    } catch {
      this.#ws.terminate()
    }
  }

  /** Measures latency: the answer to a ping shows when everything sent before the ping has arrived. */
  confirm(recordedAt: number): void {
    this.#probed = String(recordedAt)
    this.#ws.ping(this.#probed)
  }

  fail(id: string, error: unknown): void {
    this.#guard(() => {
      if (this.#memberships.leave(id)) this.#sendErrors(id, [asGraphQLError(error)])
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
    if (message === null) this.#rejectMessage()
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
        // A message type that only servers send.
        return this.#rejectMessage()
    }
  }

  #rejectMessage(): void {
    this.close(CloseCode.BadRequest, 'Invalid message received')
  }

  #init(): void {
    if (this.#phase !== 'opened')
      return this.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests')
    this.#phase = 'initialized'
    clearTimeout(this.#initTimeout)
    // A client must wait for connection_ack: messages in the same packet as connection_init come too early.
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
      // The payload nests too deep for `JSON.stringify`.
      return this.#rejectMessage()
    }
    this.#ws.send(pong)
  }

  #subscribe({ id, payload }: SubscribeMessage): void {
    const { prepare, maxSubscriptionsPerConnection } = this.#options
    if (this.#phase !== 'acknowledged') return this.close(CloseCode.Unauthorized, 'Unauthorized')
    if (Buffer.byteLength(id) > MAX_ID_BYTES)
      return this.close(CloseCode.BadRequest, `An id can have at most ${MAX_ID_BYTES} bytes.`)
    if (this.#memberships.has(id))
      return this.close(CloseCode.SubscriberAlreadyExists, 'Subscriber already exists')
    if (this.#memberships.size >= maxSubscriptionsPerConnection) {
      const message = `A connection can have at most ${maxSubscriptionsPerConnection} subscriptions.`
      return this.#sendErrors(id, [fault('RATE_LIMITED', message, { retryable: true })])
    }
    const prepared = prepare(payload, null)
    if (prepared === null)
      return this.#sendErrors(id, [
        badUserInput('WebSocket serves only subscriptions; send queries and mutations over HTTP.'),
      ])
    if (!('key' in prepared)) return this.#sendErrors(id, prepared)
    try {
      this.#memberships.join(id, prepared, new Operation(this, id))
    } catch (error) {
      this.#sendErrors(id, [asGraphQLError(error)])
    }
  }

  #complete(id: string): void {
    if (this.#memberships.leave(id)) this.outbox.discard(id)
  }

  #sendErrors(id: string, errors: readonly GraphQLError[]): void {
    const { createRequestId, report } = this.#options
    const requestId = createRequestId()
    const payload = errors.map((error) => formatFault(error, requestId, (cause) => report(cause, requestId)))
    this.#ws.send(stringifyMessage({ id, type: MessageType.Error, payload }))
  }

  /** Limits the answers that a peer leaves unread, because each message gets an answer. */
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

/** Null: the text is not a message of the protocol. */
function parseOrNull(text: string): Message | null {
  try {
    return parseMessage(text)
  } catch {
    return null
  }
}
