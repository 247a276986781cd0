import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint } from '../log/point.ts'
import type { LoggedEvent } from '../log/read.ts'
import type { ProjectedRow } from './projection.ts'

/** What takes the log's events, in order, each once for each time its checkpoint passes it. */
export interface Consumer {
  /** Of its checkpoints. */
  readonly name: string
  /** Takes a step in the transaction that moves the checkpoint: all of its events, or, if one of them fails, none. */
  consume(partition: Partition, step: Step): Promise<Consumed>
  /** Whatever it remembers of a partition may not be true any more: the transaction failed, or others were at work. */
  forget(partition: Partition): void
}

/** One or more whole commits. */
export interface Step {
  /** Where the checkpoint is: before the step's first event. */
  readonly from: LogPoint
  /** Where the step's last event is. */
  readonly to: LogPoint
  /** Without those that an operator has said to leave out, so there may be none. */
  readonly events: readonly LoggedEvent[]
}

export interface Consumed {
  /** Rows that have changed, for whoever watches. */
  readonly rows: readonly ProjectedRow[]
  /** Null if all events were taken. */
  readonly failure: EventFailure | null
}

/** An event that cannot be taken, now or ever. */
export interface EventFailure {
  readonly position: LogPosition
  readonly cause: unknown
}
