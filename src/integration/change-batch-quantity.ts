/**
 * Takes entries of the Redis stream `change_batch_quantity`, which other systems write, as commands: each once, in the order of the
 * stream, and only after the entry before it has been answered.
 *
 * Modes: waiting (another process has the lease), working (one entry after another), backing off (the last attempt failed; the
 * lease is released, because another process may succeed).
 *
 * An entry is answered when its command was accepted, or when it went to `change_batch_quantity.dead` with the reason: the entry
 * is invalid, the command was rejected, or it failed with an unexpected error `MAX_ATTEMPTS` times. While the database is
 * unavailable or overloaded, or if the outcome of a commit is unknown, the entry waits and is tried again.
 *
 * Two processes may work at the same time for a moment if one of them was suspended. That is harmless: both take all entries in
 * order, and because the position moves with each command, none is applied twice or late (see `command/stream-fence.ts`).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ENTRY_ORIGIN, isAfter } from '../command/entry-id.ts'
import type { EntryId } from '../command/entry-id.ts'
import { AnsweredBefore, OutcomeUnknown, Overloaded, StreamRewound, Unavailable } from '../command/faults.ts'
import type { CommandRequest, Outcome } from '../command/request.ts'
import { rewound } from '../command/stream-fence.ts'
import type { StreamPositions } from '../command/stream-fence.ts'
import { InvalidValue, parseCommandId } from '../domain/values.ts'
import type { RedisLink } from '../lib/redis.ts'
import { commandOf } from './batch-quantity-message.ts'
import { EntryStream } from './entry-stream.ts'
import type { Entry } from './entry-stream.ts'
import { Lease } from './lease.ts'

export const CHANGE_BATCH_QUANTITY = 'change_batch_quantity'
export const DEAD_LETTERS = `${CHANGE_BATCH_QUANTITY}.dead`
/** The braces put the lease into the same slot of a Redis cluster as the stream. */
export const INTAKE_LEASE = `{${CHANGE_BATCH_QUANTITY}}.lease`

export interface IntakeOptions {
  readonly redis: RedisLink
  /** Identifies this process among those that take entries. */
  readonly consumer: string
  readonly dispatch: (request: CommandRequest) => Promise<Outcome>
  readonly positions: StreamPositions
  readonly now: () => Date
  readonly onError: (error: unknown) => void
}

const MAX_DEAD_LETTERS = 100_000
/** How often a process tries a command that fails with an unexpected error. */
const MAX_ATTEMPTS = 5
const LEASE_POLL_MS = 500
const FIRST_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 5000
/** The partition that records the positions of entries without a command. */
const PARTITION = 0

export class ChangeBatchQuantityIntake {
  readonly #options: IntakeOptions
  readonly #lease: Lease
  readonly #stream: EntryStream
  readonly #closing = new AbortController()
  #running: Promise<void> | null = null
  /** Attempts that have failed since an entry was last answered. */
  #failures = 0
  /** The entry that last failed with an unexpected error, and how often it did. */
  #suspect: { readonly id: EntryId; attempts: number } | null = null
  /** The last entry that was written to the dead letters. */
  #lastDead: EntryId | null = null

  constructor(options: IntakeOptions) {
    const { redis, consumer, onError } = options
    this.#options = options
    this.#lease = new Lease(redis.client, INTAKE_LEASE, consumer)
    this.#stream = new EntryStream(redis, CHANGE_BATCH_QUANTITY, this.#lease, onError)
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Ends after the entry in progress. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#stream.close()
    await this.#running
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted
  }

  async #run(): Promise<void> {
    while (!this.#isClosing) {
      let pauseMs = LEASE_POLL_MS
      try {
        if (await this.#lease.take()) await this.#work()
      } catch (error) {
        if (!this.#isClosing) this.#options.onError(error)
        pauseMs = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, MAX_BACKOFF_MS)
        this.#failures += 1
      }
      await this.#lease.release().catch(() => {})
      await this.#pause(pauseMs * (0.5 + Math.random()))
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => {})
  }

  /** @returns when it closes, or when it has lost the lease */
  async #work(): Promise<void> {
    const { positions, now } = this.#options
    const recorded = await positions.read(CHANGE_BATCH_QUANTITY)
    let answered = await this.#stream.begin(recorded)
    // From now on, the position in the database counts.
    if (recorded === null) await positions.move(PARTITION, CHANGE_BATCH_QUANTITY, answered, now())
    for (;;) {
      const entries = await this.#stream.read(answered)
      for (const entry of entries) {
        if (!this.#lease.isHeld || this.#isClosing) return
        await this.#answer(entry, answered)
        answered = entry.id
        this.#failures = 0
      }
      if (!this.#lease.isHeld || this.#isClosing) return
      if (entries.length > 0) await this.#stream.mark(answered, entries.length)
    }
  }

  /** @throws if the entry has to be tried again */
  async #answer(entry: Entry, after: EntryId): Promise<void> {
    const { positions, now } = this.#options
    const { reason, isRecorded } = await this.#decide(entry, after)
    if (!isRecorded) await this.#requireAnswered(after)
    if (reason !== null) await this.#bury(entry, reason)
    if (!isRecorded) await positions.move(PARTITION, CHANGE_BATCH_QUANTITY, entry.id, now())
  }

  /**
   * @returns why the entry goes to the dead letters (null: it does not), and whether its position was recorded with a command
   * @throws if the entry has to be tried again
   */
  async #decide(
    { id, fields }: Entry,
    after: EntryId,
  ): Promise<{ reason: string | null; isRecorded: boolean }> {
    try {
      const source = { stream: CHANGE_BATCH_QUANTITY, entryId: id, after }
      const command = commandOf(fields)
      const outcome = await this.#options.dispatch({ id: parseCommandId(id), command, source })
      return { reason: outcome.status === 'rejected' ? outcome.rejection.type : null, isRecorded: true }
    } catch (error) {
      if (error instanceof AnsweredBefore) return { reason: null, isRecorded: true }
      return { reason: this.#reasonFor(id, error), isRecorded: false }
    }
  }

  /**
   * Explains why an entry is given up.
   *
   * @throws the error if the entry is to be tried again
   */
  #reasonFor(id: EntryId, error: unknown): string {
    if (error instanceof InvalidValue) return error.message
    if (isTemporary(error)) throw error
    if (this.#suspect?.id !== id) this.#suspect = { id, attempts: 0 }
    this.#suspect.attempts += 1
    if (this.#suspect.attempts < MAX_ATTEMPTS) throw error
    this.#options.onError(error)
    return `It failed ${MAX_ATTEMPTS} times with an unexpected error. The log of the server has the cause.`
  }

  /** @throws StreamRewound if the database has lost answers; recording this entry's position would skip the entries they answered */
  async #requireAnswered(after: EntryId): Promise<void> {
    const recorded = (await this.#options.positions.read(CHANGE_BATCH_QUANTITY)) ?? ENTRY_ORIGIN
    if (isAfter(after, recorded)) throw rewound(CHANGE_BATCH_QUANTITY, after, recorded)
  }

  /** After a crash an entry can be written again, because the dead letters and the position do not change in one transaction. */
  async #bury({ id, fields }: Entry, reason: string): Promise<void> {
    if (this.#lastDead === id) return
    const described = ['id', id, 'reason', reason, ...fields]
    await this.#options.redis.client().xadd(DEAD_LETTERS, 'MAXLEN', '~', MAX_DEAD_LETTERS, '*', ...described)
    this.#lastDead = id
  }
}

const isTemporary = (error: unknown): boolean =>
  error instanceof Overloaded ||
  error instanceof Unavailable ||
  error instanceof OutcomeUnknown ||
  error instanceof StreamRewound
