import type { ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'
import { asGraphQLError } from '../graphql/errors.ts'
import type { LiveStats } from '../live/stats.ts'
import type { Backlogs } from './backlogs.ts'
import { LogReplaced } from '../log/replaced.ts'
import type { Frame } from './frame.ts'
import type { LiveGroups } from './groups.ts'
import type { Member } from './member.ts'
import { Memberships } from './memberships.ts'
import type { LiveOperation } from '../graphql/subscriptions/operation.ts'
import { Outbox } from './outbox.ts'
import type { OutboxOperation, OutboxOwner } from './outbox.ts'
import type { Client } from '../admission/client-shares.ts'
import type { StreamFormat } from './stream-formats.ts'

export interface StreamOptions {
  /** An open response whose headers have been written. */
  readonly response: ServerResponse
  readonly format: StreamFormat
  readonly client: Client
  readonly groups: LiveGroups
  readonly stats: LiveStats
  readonly backlogs: Backlogs
  /** The errors as JSON, as clients see them. */
  readonly encodeError: (error: GraphQLError) => string
  /** Receives internal errors that end the stream. */
  readonly report: (error: unknown) => void
  /** Called once, when the stream is over. */
  readonly onEnd: () => void
}

/** A client that reads nothing for this long is disconnected. */
const MAX_STUCK_MS = 10_000
const HEARTBEAT_MS = 5000

/** One live operation over HTTP, for as long as its response is open. */
export class Stream implements Member, OutboxOperation, OutboxOwner {
  readonly id = ''
  readonly #options: StreamOptions
  readonly #outbox: Outbox
  readonly #memberships: Memberships
  readonly #heartbeat: NodeJS.Timeout
  #ended = false

  constructor(options: StreamOptions) {
    const { response, stats, backlogs, groups, format } = options
    this.#options = options
    this.#outbox = new Outbox(response, stats, backlogs, this)
    this.#memberships = new Memberships(groups)
    this.#heartbeat = setInterval(() => this.#guard(() => this.#beat()), HEARTBEAT_MS)
    response.on('error', () => {})
    response.once('close', () => this.#guard(() => this.#end()))
    response.write(format.start)
  }

  begin(operation: LiveOperation): void {
    try {
      this.#memberships.join(this.id, operation, this)
    } catch (error) {
      this.fail(error)
    }
  }

  get client(): Client {
    return this.#options.client
  }

  get isOpen(): boolean {
    return !this.#ended && !this.#options.response.destroyed
  }

  cutOff(): void {
    this.#end()
    this.#options.response.destroy()
  }

  break(error: unknown): void {
    this.#options.report(error)
    this.#options.response.destroy()
  }

  get congested(): boolean {
    return this.#outbox.congested
  }

  drained(): Promise<void> {
    return this.#outbox.drained()
  }

  encode(frame: Frame): string {
    return this.#options.format.result(frame)
  }

  next(frame: Frame): void {
    this.#outbox.send(this, frame)
  }

  /** HTTP has no ping, so latency is not measured. */
  confirm(): void {}

  fail(error: unknown): void {
    if (!this.isOpen) return
    const { response, format, encodeError } = this.#options
    this.#end()
    response.end(format.failure(encodeError(asGraphQLError(error)), error instanceof LogReplaced))
  }

  /** Ends the stream without a final message, so that the client reconnects. */
  close(): void {
    this.#end()
    this.#options.response.end()
  }

  /** Ends all work for the stream. */
  #end(): void {
    if (this.#ended) return
    this.#ended = true
    clearInterval(this.#heartbeat)
    this.#outbox.close()
    this.#memberships.close()
    this.#options.onEnd()
  }

  #beat(): void {
    if (this.#outbox.stuckForMs > MAX_STUCK_MS) this.cutOff()
    else if (!this.#outbox.congested) this.#options.response.write(this.#options.format.heartbeat)
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.break(error)
    }
  }
}
