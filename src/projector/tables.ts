import { bigint, integer, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'
import type { LogPosition } from '../domain/values.ts'
import { position } from '../lib/column-types.ts'
import type { LogTag } from '../log/point.ts'

/** The read side's schema: all that queries can see. */
export const views = pgSchema('views')

/**
 * One row per projection and partition. Its lock says which process is at work on it. It is rarely updated: an open snapshot
 * would keep every version, and each lock would have to pass them all.
 */
export const checkpoints = views.table(
  'checkpoints',
  {
    partition: integer('partition').notNull(),
    projection: text('projection').notNull(),
    /** Rises when the table was replaced, so that whoever remembers rows of it forgets them. */
    generation: integer('generation').notNull().default(0),
    /** Why the projection stopped before the next event; null while it runs. */
    error: text('error'),
  },
  (table) => [primaryKey({ columns: [table.partition, table.projection] })],
)

/**
 * How far each projection has come: the last row counts. A row is added in the transaction that writes the projection's rows,
 * so that a projection takes every event exactly once; older rows are swept now and then. None: at the log's beginning.
 */
export const checkpointPositions = views.table(
  'checkpoint_positions',
  {
    partition: integer('partition').notNull(),
    projection: text('projection').notNull(),
    position: position('position').$type<LogPosition>().notNull(),
    /** Of the event at the position. */
    tag: bigint('tag', { mode: 'bigint' }).$type<LogTag>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.partition, table.projection, table.position] })],
)

/** Events that an operator has told a projection to leave out, because it cannot take them. */
export const skippedEvents = views.table(
  'skipped_events',
  {
    partition: integer('partition').notNull(),
    projection: text('projection').notNull(),
    position: position('position').$type<LogPosition>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.partition, table.projection, table.position] })],
)
