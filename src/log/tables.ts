/** The log: the only record of what happened, from which everything else can be made again. */
import { sql } from 'drizzle-orm'
import { bigint, check, integer, json, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { CommandId, LogPosition } from '../domain/values.ts'
import { id, instant, position } from '../lib/column-types.ts'
import type { LogTag } from './point.ts'

/** The write side's schema. Queries never read it: their role cannot. */
export const stock = pgSchema('stock')

/** One row: which log this is, so that signals of two databases on one Redis are not mixed up. */
export const installation = stock.table('installation', {
  id: uuid('id').primaryKey().defaultRandom(),
  /**
   * Which history of the log this is. It is renewed whenever events may be gone that clients have seen: after a reset, a
   * restore, or a failover that lost commits. Tokens and cursors carry it.
   */
  epoch: text('epoch')
    .notNull()
    .default(sql`substr(md5(gen_random_uuid()::text), 1, 10)`),
})

/**
 * One row per partition: the lock that makes writers of the partition serial. The row is never updated, because an open
 * snapshot would keep every version of it, and each lock would have to pass them all. The head is the last event's position.
 */
export const logPartitions = stock.table('log_partitions', {
  partition: integer('partition').primaryKey(),
})

export const events = stock.table(
  'events',
  {
    partition: integer('partition').notNull(),
    position: position('position').$type<LogPosition>().notNull(),
    type: text('type').notNull(),
    data: json('data').notNull(),
    commandId: id('command_id').$type<CommandId>().notNull(),
    recordedAt: instant('recorded_at').notNull(),
    /** A random number on the last event of each commit, null on all others. See `LogPoint`. */
    tag: bigint('tag', { mode: 'bigint' }).$type<LogTag>(),
  },
  (table) => [
    primaryKey({ columns: [table.partition, table.position] }),
    check('events_position_positive', sql`${table.position} > 0`),
  ],
)
