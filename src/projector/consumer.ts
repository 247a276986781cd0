import type { RecordedEvent } from '../domain/messages.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { ProjectedRow } from './projection.ts'

/** What takes the log's events, in order, each once for each time its checkpoint passes it. */
export interface Consumer {
  /** Of its checkpoints. */
  readonly name: string
  /**
   * Takes events in the transaction that moves the checkpoint, as far as it can.
   *
   * @param events at least one
   */
  consume(partition: Partition, events: readonly RecordedEvent[]): Promise<Consumed>
  /** Whatever it remembers of a partition may not be true any more: the transaction failed, or others were at work. */
  forget(partition: Partition): void
}

export interface Consumed {
  /** The last event that was taken; the one before the first if none was. */
  readonly position: LogPosition
  /** Rows that have changed, for whoever watches. */
  readonly rows: readonly ProjectedRow[]
  /** Why the event after `position` cannot be taken, now or ever. */
  readonly failure: unknown
}
