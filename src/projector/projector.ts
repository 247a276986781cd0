/**
 * Runs one consumer through the log, in every partition. Any number of processes may run it: the process that holds the lock of a
 * partition's checkpoint works on the partition, and the others skip it. If a process dies, its locks are released.
 *
 * Each step is one transaction: lock the checkpoint, read the next commits, let the consumer take them, move the checkpoint. So
 * every event is taken exactly once, and a step ends at the end of a commit. The projector wakes when the log's tail advances. The
 * tail is also polled, so a lost signal delays an event but never loses it.
 *
 * Modes of a partition: idle (at the head), working, elsewhere (another process has the lock), stopped (the next event cannot be
 * taken, or the log lacks the checkpoint). A stopped partition reports its error until a restart, or until an operator resumes it.
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

/** The rows that one step changed, after all events from `from` (exclusive) to `to` (inclusive). */
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
  readonly maxStepEvents: number
  /** Called after each commit. */
  readonly onChange: (change: Change) => void
  /** Called when the consumer has stopped in a partition. */
  readonly onStop: (partition: Partition, reason: string) => void
  /** Called when a step has failed for another reason. The projector retries it. */
  readonly onError: (error: unknown) => void
}

/** The log does not have the events that the tail remembers. The step is retried, and reads the log after the tail was reset. */
class LostHistory extends Error {
  override readonly name = 'LostHistory'
}

/** The pause after a failed step, and while another process has a lock. */
const RETRY_MS = 200
/** How many steps pass between two sweeps of old checkpoint positions. */
const SWEEP_STEPS = 1000

interface PartitionState {
  /** The checkpoint as this process left it; null if it must be read. */
  checkpoint: Checkpoint | null
  stopped: boolean
  /** How many steps this process has made. */
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

  /** Continues a stopped partition, after an operator has fixed the cause. */
  resume(partition: Partition): void {
    const state = this.#partitions[partition]
    if (state === undefined || !state.stopped) return
    state.stopped = false
    // The operator may have moved the checkpoint.
    state.checkpoint = null
    this.#wakeUp.resolve()
  }

  /** Discards the remembered checkpoints, because the log's history was replaced. The next steps read them again. */
  reset(): void {
    for (const state of this.#partitions) state.checkpoint = null
    this.#wakeUp.resolve()
  }

  /** Stops after the current transaction. */
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
      consumer.evict(partition)
      onError(error)
      return 'failed'
    }
  }

  /** The work of one transaction; null if another process has the lock. */
  async #advance(partition: Partition, expected: Checkpoint | null) {
    const { consumer, session } = this.#options
    const found = await this.#checkpoints.lock(consumer.name, partition)
    if (found === null) return null
    const from: LogPoint = { position: found.position, tag: found.tag }
    const { generation } = found
    const isKnown = expected !== null && samePoint(from, expected) && generation === expected.generation
    if (!isKnown) consumer.evict(partition)
    const taken =
      isKnown || (await isInLog(session.db, partition, from))
        ? await this.#takeNext(partition, from)
        : { to: from, rows: [], stopped: await this.#describeLost(partition, from) }
    const { to, rows, stopped } = taken ?? { to: from, rows: [], stopped: found.error }
    if (!samePoint(from, to)) {
      // Events from memory may belong to a history that the log has lost, so check the log itself in this transaction.
      const [isThere] = await Promise.all([this.#log.has(partition, to), this.#moveCheckpoint(partition, to)])
      if (!isThere)
        throw new LostHistory(
          `The log no longer has the remembered commit that ends at ${partition}:${to.position}.`,
        )
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
    const { tail, maxStepEvents } = this.#options
    return (
      tail.recent(partition, from, maxStepEvents) ??
      (await this.#log.read(partition, from.position, maxStepEvents))
    )
  }
}
