import { bigint, integer, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'
import type { LogPosition } from '../domain/values.ts'
import { position } from '../lib/column-types.ts'
import type { LogTag } from '../log/point.ts'

/** The schema of the read side, the only one that queries can read. */
export const views = pgSchema('views')

/**
 * Has one row per projection and partition. The process that runs the projection locks it. It is rarely updated, because an open
 * snapshot would keep every version of it, and each lock would have to skip all of them.
 */
export const checkpoints = views.table(
  'checkpoints',
  {
    partition: integer('partition').notNull(),
    projection: text('projection').notNull(),
    /** Increases when the projection's table is replaced, which invalidates all caches of its rows. */
    generation: integer('generation').notNull().default(0),
    /** Why the projection stopped before the next event; null while it runs. */
    error: text('error'),
  },
  (table) => [primaryKey({ columns: [table.partition, table.projection] })],
)

/**
 * The position of each projection, of which the last row counts. Each step adds a row in the transaction that writes the
 * projection's rows, so a projection takes every event exactly once. Older rows are swept regularly. Without a row, the
 * projection is at the beginning of the log.
 */
export const checkpointPositions = views.table(
  'checkpoint_positions',
  {
    partition: integer('partition').notNull(),
    projection: text('projection').notNull(),
    position: position('position').$type<LogPosition>().notNull(),
    /** The tag of the event at the position. */
    tag: bigint('tag', { mode: 'bigint' }).$type<LogTag>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.partition, table.projection, table.position] })],
)

/** Events that an operator has marked to be skipped by a projection that cannot take them. */
export const skippedEvents = views.table(
  'skipped_events',
  {
    partition: integer('partition').notNull(),
    projection: text('projection').notNull(),
    position: position('position').$type<LogPosition>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.partition, table.projection, table.position] })],
)
