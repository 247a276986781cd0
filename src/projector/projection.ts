/**
 * Defines a projection: a table that is derived from the log, and the fold that derives it. The fold is pure. The projector reads
 * the events, loads and saves the rows, and moves the checkpoint.
 */
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Event, RecordedEvent } from '../domain/events.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'

/** Every row carries the position of the last event that was folded into it. */
export interface ProjectedRow {
  readonly partition: Partition
  readonly position: LogPosition
}

/** A table with the columns of `ProjectedRow` and the column of the key. */
export type ProjectionTable = PgTable & { readonly partition: PgColumn; readonly position: PgColumn }

export interface Projection<Row extends ProjectedRow = ProjectedRow> {
  readonly name: string
  /** The property of a row that holds the key. */
  readonly key: string
  /**
   * `latest`: one row per key, which each event of that key replaces.
   * `every`: one row per event; the fold receives the row of the key's previous event.
   */
  readonly keeps: 'latest' | 'every'
  /** The table under a name: its own, or the name of a copy. */
  tableNamed(name: string): ProjectionTable
  /** The key of the row that an event concerns; null if the projection ignores the event. */
  keyOf(event: Event): string | null
  fold(current: Row | undefined, recorded: RecordedEvent, partition: Partition): Row
}
