/**
 * Takes one consumer through the log, in every partition. Any number of processes may run it: whoever holds the lock of a
 * partition's checkpoint works on it, the others pass by, and the lock of one that died is free.
 *
 * Each step is one transaction: lock the checkpoint, read the next commits, let the consumer take them, move the checkpoint.
 * So every event is taken exactly once, and a step ends where a commit ends. It wakes when the log's tail advances; whoever advances the tail also polls, so
 * that a lost signal costs a moment and never an event.
 *
 * Modes of a partition: idle (at the head), working, elsewhere (another process has the lock), stopped (the next event
 * cannot be taken, or the log lacks the checkpoint: it stays so, and says so, until a restart or until an operator has told it to go on).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { deferred } from '../lib/deferred.ts'
import type { Session } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { isInLog } from '../log/commit-ends.ts'
import { createLogReader } from '../log/read.ts'
import type { LogEntry, LogReader } from '../log/read.ts'
import { LOG_ORIGIN, samePoint } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'
import type { LogTail } from '../log/tail.ts'
import { createCheckpoints } from './checkpoint.ts'
import type { Checkpoint, Checkpoints } from './checkpoint.ts'
import type { Consumer } from './consumer.ts'
import { describeLost } from './lost-checkpoint.ts'
import type { ProjectedRow } from './projection.ts'
import { describeFailure, takeCommits } from './take.ts'

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

/** What the tail remembers has never been in this log, or is no longer. It is read again once the tail has started anew. */
class LostHistory extends Error {
  override readonly name = 'LostHistory'
}

/** After a failed step, and where another process has the lock. */
const RETRY_MS = 200
/** The checkpoint's old positions are swept once in so many steps. */
const SWEEP_STEPS = 1000

interface PartitionState {
  /** As this process left it; null if it does not know. */
  checkpoint: Checkpoint | null
  stopped: boolean
  /** Taken by this process. */
  steps: number
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
    this.#partitions = Array.from({ length: partitions }, () => ({
      checkpoint: null,
      stopped: false,
      steps: 0,
    }))
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
    // It may have been put back.
    state.checkpoint = null
    this.#wakeUp.resolve()
  }

  /** The log's history was replaced: the checkpoints in the database count, and not those that are remembered. */
  reset(): void {
    for (const state of this.#partitions) state.checkpoint = null
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
    const { consumer, session } = this.#options
    const found = await this.#checkpoints.lock(consumer.name, partition)
    if (found === null) return null
    const from: LogPoint = { position: found.position, tag: found.tag }
    const { generation } = found
    const isKnown = expected !== null && samePoint(from, expected) && generation === expected.generation
    if (!isKnown) consumer.forget(partition)
    const taken =
      isKnown || (await isInLog(session.db, partition, from))
        ? await this.#takeNext(partition, from)
        : { to: from, rows: [], stopped: await this.#describeLost(partition, from) }
    const { to, rows, stopped } = taken ?? { to: from, rows: [], stopped: found.error }
    if (!samePoint(from, to)) {
      // Events from memory can be of a history that the log has lost. Only the log itself can tell, in this transaction.
      const [isThere] = await Promise.all([this.#log.has(partition, to), this.#moveCheckpoint(partition, to)])
      if (!isThere)
        throw new LostHistory(`The log has no commit that ends at ${partition}:${to.position} as remembered.`)
    }
    if (stopped !== found.error) await this.#checkpoints.stop(consumer.name, partition, stopped)
    return { from, to, rows, stopped, checkpoint: { ...to, generation, error: stopped } }
  }

  async #describeLost(partition: Partition, { position }: LogPoint): Promise<string> {
    const head = (await this.#log.heads()).get(partition) ?? LOG_ORIGIN
    return `It ${describeLost(this.#options.consumer.name, position, head.position)}`
  }

  async #moveCheckpoint(partition: Partition, to: LogPoint): Promise<void> {
    const { name } = this.#options.consumer
    await this.#checkpoints.move(name, partition, to)
    const state = this.#partitions[partition] as PartitionState
    if (state.steps % SWEEP_STEPS === 0) await this.#checkpoints.sweep(name, partition, to.position)
    state.steps += 1
  }

  /** Lets the consumer take the next commits; null if there are none. */
  async #takeNext(partition: Partition, from: LogPoint) {
    const { consumer } = this.#options
    const entries = await this.#nextCommits(partition, from)
    if (entries.length === 0) return null
    const { to, rows, failure } = await takeCommits(consumer, partition, from, entries, (position) =>
      this.#checkpoints.skips(consumer.name, partition, position),
    )
    return { to, rows, stopped: failure === null ? null : describeFailure(partition, failure) }
  }

  async #nextCommits(partition: Partition, from: LogPoint): Promise<readonly LogEntry[]> {
    const { tail, maxBatchEvents } = this.#options
    return (
      tail.recent(partition, from, maxBatchEvents) ??
      (await this.#log.read(partition, from.position, maxBatchEvents))
    )
  }
}
