/**
 * What a projection is: a table that follows from the log, and the fold that says how. The fold is pure; reading
 * the events, loading and saving the rows, and moving the checkpoint are the projector's.
 */
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Event, RecordedEvent } from '../domain/events.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'

/** Every row says which event it knows last. */
export interface ProjectedRow {
  readonly partition: Partition
  readonly position: LogPosition
}

/** A table with those two columns, and the key's. */
export type ProjectionTable = PgTable & { readonly partition: PgColumn; readonly position: PgColumn }

export interface Projection<Row extends ProjectedRow = ProjectedRow> {
  readonly name: string
  /** The column, as it is named in rows, that holds the key. */
  readonly key: string
  /**
   * `latest`: one row a key, replaced by each event that concerns it.
   * `every`: one row an event; what the fold is given is the row that the key's last event left.
   */
  readonly keeps: 'latest' | 'every'
  /** The table under a name: its own, or that of a copy which is being built. */
  tableNamed(name: string): ProjectionTable
  /** The row that an event concerns; null if the projection does not take it. */
  keyOf(event: Event): string | null
  fold(current: Row | undefined, recorded: RecordedEvent, partition: Partition): Row
}
