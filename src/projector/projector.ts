/**
 * Takes one consumer through the log, in every partition. Any number of processes may run it: whoever holds the lock of a
 * partition's checkpoint works on it, the others pass by, and the lock of one that died is free.
 *
 * Each step is one transaction: lock the checkpoint, read the next events, let the consumer take them, move the checkpoint.
 * So every event is taken exactly once. It wakes when the log's tail advances; whoever advances the tail also polls, so
 * that a lost signal costs a moment and never an event.
 *
 * Modes of a partition: idle (at the head), working, elsewhere (another process has the lock), stopped (the next event
 * cannot be taken: it stays so, and says so, until a restart or until an operator has told it to go on).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogPosition } from '../domain/values.ts'
import { deferred } from '../lib/deferred.ts'
import type { Session } from '../lib/postgres.ts'
import { UnknownEvent } from '../log/codec.ts'
import type { Partition } from '../log/partition.ts'
import { createLogReader } from '../log/read.ts'
import type { LogReader, LoggedEvent } from '../log/read.ts'
import { LOG_ORIGIN, samePoint } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'
import type { LogTail } from '../log/tail.ts'
import { createCheckpoints } from './checkpoint.ts'
import type { Checkpoint, Checkpoints } from './checkpoint.ts'
import type { Consumed, Consumer } from './consumer.ts'
import type { ProjectedRow } from './projection.ts'

/** What one step changed: the rows after the events `from + 1` to `to`. */
export interface Change {
  readonly projection: string
  readonly partition: Partition
  readonly from: LogPoint
  readonly to: LogPoint
  readonly rows: readonly ProjectedRow[]
}

export interface ProjectorOptions {
  readonly consumer: Consumer
  readonly partitions: number
  readonly session: Session
  readonly tail: LogTail
  readonly maxBatchEvents: number
  /** Told after each commit. */
  readonly onChange: (change: Change) => void
  /** The consumer has stopped in a partition. */
  readonly onStop: (partition: Partition, reason: string) => void
  /** A step failed for another reason, and is tried again. */
  readonly onError: (error: unknown) => void
}

/** After a failed step, and where another process has the lock. */
const RETRY_MS = 200

interface PartitionState {
  /** As this process left it; null if it does not know. */
  checkpoint: Checkpoint | null
  stopped: boolean
}

type StepResult = 'idle' | 'worked' | 'elsewhere' | 'failed'

export class Projector {
  readonly #options: ProjectorOptions
  readonly #checkpoints: Checkpoints
  readonly #log: LogReader
  readonly #partitions: PartitionState[]
  readonly #closing = new AbortController()
  #wakeUp = deferred<void>()
  #running: Promise<void> | null = null

  constructor(options: ProjectorOptions) {
    const { session, partitions } = options
    this.#options = options
    this.#checkpoints = createCheckpoints(session.db)
    this.#log = createLogReader(session.db)
    this.#partitions = Array.from({ length: partitions }, () => ({ checkpoint: null, stopped: false }))
  }

  start(): void {
    const stopListening = this.#options.tail.onAdvance(() => this.#wakeUp.resolve())
    this.#running = this.#run().finally(stopListening)
  }

  /** An operator has seen to what stopped it: tries again. */
  resume(partition: Partition): void {
    const state = this.#partitions[partition]
    if (state === undefined || !state.stopped) return
    state.stopped = false
    this.#wakeUp.resolve()
  }

  /** Ends after the transaction that is under way. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#wakeUp.resolve()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#wakeUp = deferred()
      const results: StepResult[] = []
      for (const [partition, state] of this.#partitions.entries()) {
        results.push(await this.#step(partition, state))
      }
      if (results.includes('worked')) continue
      if (results.includes('elsewhere') || results.includes('failed')) await this.#pause()
      else await this.#wakeUp.promise
    }
  }

  async #pause(): Promise<void> {
    await sleep(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => {})
  }

  async #step(partition: Partition, state: PartitionState): Promise<StepResult> {
    const { tail, session, consumer, onChange, onStop, onError } = this.#options
    const { checkpoint } = state
    if (state.stopped || (checkpoint !== null && tail.head(partition).position <= checkpoint.position))
      return 'idle'
    try {
      const step = await session.transaction(() => this.#advance(partition, checkpoint))
      if (step === null) return 'elsewhere'
      state.checkpoint = step.checkpoint
      if (step.stopped !== null) {
        state.stopped = true
        onStop(partition, step.stopped)
      }
      if (samePoint(step.from, step.to)) return 'idle'
      onChange({ projection: consumer.name, partition, from: step.from, to: step.to, rows: step.rows })
      return 'worked'
    } catch (error) {
      state.checkpoint = null
      consumer.forget(partition)
      onError(error)
      return 'failed'
    }
  }

  /** One transaction's work; null if another process is at it. */
  async #advance(partition: Partition, expected: Checkpoint | null) {
    const { consumer } = this.#options
    const found = await this.#checkpoints.lock(consumer.name, partition)
    if (found === null) return null
    const from: LogPoint = { position: found.position, tag: found.tag }
    const { generation } = found
    if (expected === null || !samePoint(from, expected) || generation !== expected.generation)
      consumer.forget(partition)
    const taken = await this.#takeNext(partition, from)
    const { to, rows, stopped } = taken ?? { to: from, rows: [], stopped: found.error }
    if (!samePoint(from, to)) await this.#checkpoints.move(consumer.name, partition, to)
    if (stopped !== found.error) await this.#checkpoints.stop(consumer.name, partition, stopped)
    return { from, to, rows, stopped, checkpoint: { ...to, generation, error: stopped } }
  }

  /** Lets the consumer take the next events; null if there are none. */
  async #takeNext(partition: Partition, from: LogPoint) {
    const { consumer } = this.#options
    const events = await this.#nextEvents(partition, from)
    if (events instanceof UnknownEvent)
      return this.#afterFailure(partition, [], { position: from.position, rows: [], failure: events })
    if (events.length === 0) return null
    const consumed = await consumer.consume(partition, events)
    if (consumed.failure !== null) return this.#afterFailure(partition, events, consumed)
    return { to: pointOf(events.at(-1)), rows: consumed.rows, stopped: null }
  }

  async #afterFailure(partition: Partition, events: readonly LoggedEvent[], consumed: Consumed) {
    const { consumer } = this.#options
    const { position, rows, failure } = consumed
    const next = (position + 1n) as LogPosition
    if (await this.#checkpoints.skips(consumer.name, partition, next))
      return { to: { position: next, tag: LOG_ORIGIN.tag }, rows, stopped: null }
    const to = pointOf(
      events.find((event) => event.position === position),
      position,
    )
    return { to, rows, stopped: `Event ${next} cannot be taken: ${messageOf(failure)}` }
  }

  async #nextEvents(partition: Partition, from: LogPoint): Promise<readonly LoggedEvent[] | UnknownEvent> {
    const { tail, maxBatchEvents } = this.#options
    const recent = tail.recent(partition, from, maxBatchEvents)
    if (recent !== null) return recent
    try {
      return await this.#log.read(partition, from.position, maxBatchEvents)
    } catch (error) {
      if (error instanceof UnknownEvent) return error
      throw error
    }
  }
}

function pointOf(event: LoggedEvent | undefined, position = LOG_ORIGIN.position): LogPoint {
  return { position: event?.position ?? position, tag: event?.tag ?? LOG_ORIGIN.tag }
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure)
}
