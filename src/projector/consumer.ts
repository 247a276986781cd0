import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint } from '../log/point.ts'
import type { LoggedEvent } from '../log/read.ts'
import type { ProjectedRow } from './projection.ts'

/** Takes the events of the log in order. Each event is taken exactly once, unless the checkpoint is moved back. */
export interface Consumer {
  /** The name of its checkpoints. */
  readonly name: string
  /** Takes a step, in the transaction that moves the checkpoint: all of its events, or none if one of them fails. */
  consume(partition: Partition, step: Step): Promise<Consumed>
  /** Clears the cache of a partition, which may be invalid: a transaction failed, or another process has written. */
  evict(partition: Partition): void
}

/** One or more whole commits. */
export interface Step {
  /** The checkpoint, before the first event of the step. */
  readonly from: LogPoint
  /** The end of the step's last commit. */
  readonly to: LogPoint
  /** The events, without those that an operator has marked to be skipped. So there may be none. */
  readonly events: readonly LoggedEvent[]
}

export interface Consumed {
  /** The changed rows, for live subscriptions. */
  readonly rows: readonly ProjectedRow[]
  /** Null if all events were taken. */
  readonly failure: EventFailure | null
}

/** An event that cannot be taken. A retry does not help. */
export interface EventFailure {
  readonly position: LogPosition
  readonly cause: unknown
}
