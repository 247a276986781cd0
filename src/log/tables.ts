/** The log: the only record of what happened, from which everything else can be made again. */
import { sql } from 'drizzle-orm'
import { check, integer, json, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { CommandId, LogPosition } from '../domain/values.ts'
import { id, instant, position } from '../lib/column-types.ts'

/** The write side's schema. Queries never read it: their role cannot. */
export const stock = pgSchema('stock')

/** One row: which log this is, so that signals of two databases on one Redis are not mixed up. */
export const installation = stock.table('installation', {
  id: uuid('id').primaryKey().defaultRandom(),
})

/**
 * One row a partition, and that row is three things: the lock that makes writers of the partition serial, the
 * fence that tells a writer whether its memory is still true, and the gapless sequence of positions.
 */
export const logPartitions = stock.table('log_partitions', {
  partition: integer('partition').primaryKey(),
  head: position('head')
    .$type<LogPosition>()
    .notNull()
    .default(sql`0`),
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
  },
  (table) => [
    primaryKey({ columns: [table.partition, table.position] }),
    check('events_position_positive', sql`${table.position} > 0`),
  ],
)
