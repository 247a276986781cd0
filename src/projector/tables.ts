import { sql } from 'drizzle-orm'
import { integer, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'
import type { LogPosition } from '../domain/values.ts'
import { instant, position } from '../lib/column-types.ts'

/** The read side's schema: all that queries can see. */
export const views = pgSchema('views')

/**
 * How far each projection has come in each partition. Moved in the transaction that writes the rows, so that a
 * projection takes every event exactly once; the row's lock says which process is at work on it.
 */
export const checkpoints = views.table(
  'checkpoints',
  {
    projection: text('projection').notNull(),
    partition: integer('partition').notNull(),
    position: position('position')
      .$type<LogPosition>()
      .notNull()
      .default(sql`0`),
    /** Rises when the table was replaced, so that whoever remembers rows of it forgets them. */
    generation: integer('generation').notNull().default(0),
    /** Why the projection stopped before the next event; null while it runs. */
    error: text('error'),
  },
  (table) => [primaryKey({ columns: [table.projection, table.partition] })],
)

/** Events that an operator has told a projection to leave out, because it cannot take them. */
export const skippedEvents = views.table(
  'skipped_events',
  {
    projection: text('projection').notNull(),
    partition: integer('partition').notNull(),
    position: position('position').$type<LogPosition>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.projection, table.partition, table.position] })],
)

/**
 * Checkpoints beside the log's head. A view, so that those who may read only this schema can tell how far
 * behind the projections are.
 */
export const progress = views
  .view('progress', {
    projection: text('projection').notNull(),
    partition: integer('partition').notNull(),
    position: position('position').$type<LogPosition>().notNull(),
    head: position('head').$type<LogPosition>().notNull(),
    error: text('error'),
    /** When the first event that is not projected yet was recorded. */
    waitingSince: instant('waiting_since'),
    generation: integer('generation').notNull(),
  })
  .as(
    sql`select checkpoints.projection, checkpoints.partition, checkpoints.position, log_partitions.head,
      checkpoints.error, events.recorded_at as waiting_since, checkpoints.generation
    from views.checkpoints
    join stock.log_partitions using (partition)
    left join stock.events on events.partition = checkpoints.partition
      and events.position = checkpoints.position + 1`,
  )
