/** The tables of the log. All other state can be rebuilt from it. */
import { sql } from 'drizzle-orm'
import { bigint, check, integer, json, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { CommandId, LogPosition } from '../domain/values.ts'
import { id, instant, position } from '../lib/column-types.ts'
import type { LogTag } from './point.ts'

/** The schema of the write side. The database role of queries has no access to it. */
export const stock = pgSchema('stock')

/** Has one row, which identifies the log, so that the signals of two databases on one Redis stay apart. */
export const installation = stock.table('installation', {
  id: uuid('id').primaryKey().defaultRandom(),
  /**
   * Identifies the history of the log. It changes whenever the log may have lost events that clients have seen: after a reset,
   * a restore, or a failover that lost commits. Tokens and cursors carry it.
   */
  epoch: text('epoch')
    .notNull()
    .default(sql`substr(md5(gen_random_uuid()::text), 1, 10)`),
})

/**
 * Has one row per partition: the lock that serializes the writers of the partition. The row is never updated, because an open
 * snapshot would keep every version of it, and each lock would have to skip all of them. The head is the position of the last
 * event.
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
    /** A random number on the last event of each commit; null on all other events. See `LogPoint`. */
    tag: bigint('tag', { mode: 'bigint' }).$type<LogTag>(),
  },
  (table) => [
    primaryKey({ columns: [table.partition, table.position] }),
    check('events_position_positive', sql`${table.position} > 0`),
  ],
)
