/**
 * The normalized tables of the write side hold what the next decision needs. All of it can be rebuilt from the log. The CHECK
 * constraints repeat the most important invariants, so that even a bug cannot oversell.
 *
 * The secondary indexes are partial, although their conditions exclude few rows or none: Postgres uses a partial index only for
 * statements that imply its condition. Without a condition, Postgres would use them for lookups by primary key while a table
 * has no statistics, because it then assumes that few rows meet `partition = 0`.
 */
import { sql } from 'drizzle-orm'
import { check, date, index, integer, json, primaryKey, text } from 'drizzle-orm/pg-core'
import type { BatchReference, CalendarDate, CommandId, LogPosition } from '../domain/values.ts'
import type { OrderId, Quantity, Sku } from '../domain/values.ts'
import { id, instant, position } from '../lib/column-types.ts'
import { stock } from '../log/tables.ts'

export const batches = stock.table(
  'batches',
  {
    partition: integer('partition').notNull(),
    reference: id('reference').$type<BatchReference>().notNull(),
    sku: id('sku').$type<Sku>().notNull(),
    eta: date('eta', { mode: 'string' }).$type<CalendarDate>(),
    quantity: integer('quantity').notNull(),
    allocated: integer('allocated').notNull(),
    /** The position of the last event that concerned the batch. */
    version: position('version').$type<LogPosition>().notNull(),
  },
  (table) => [
    // `prepareReplace` explains why the key includes the version.
    primaryKey({ columns: [table.partition, table.reference, table.version] }),
    index('batches_sku')
      .on(table.partition, table.sku)
      .where(sql`${table.sku} is not null`),
    check('batches_not_oversold', sql`0 <= ${table.allocated} and ${table.allocated} <= ${table.quantity}`),
  ],
)

/**
 * Has one row per batch reference, in the partition that the reference hashes to (its home). The row names the product that may
 * use the reference. Every batch requires this claim, so references are unique although batches are stored in the partitions of
 * their products.
 */
export const batchReferences = stock.table(
  'batch_references',
  {
    partition: integer('partition').notNull(),
    reference: id('reference').$type<BatchReference>().notNull(),
    sku: id('sku').$type<Sku>().notNull(),
    claimedAt: instant('claimed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.partition, table.reference] })],
)

/** Has one row per order line that was accepted and not removed. */
export const allocations = stock.table(
  'allocations',
  {
    partition: integer('partition').notNull(),
    orderId: id('order_id').$type<OrderId>().notNull(),
    sku: id('sku').$type<Sku>().notNull(),
    quantity: integer('quantity').$type<Quantity>().notNull(),
    /** Null if the line waits for stock. */
    batchReference: id('batch_reference').$type<BatchReference>(),
    /** The log position at which the line was first allocated. */
    placed: position('placed').$type<LogPosition>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.partition, table.orderId, table.sku] }),
    index('allocations_of_batch')
      .on(table.partition, table.batchReference, table.placed)
      .where(sql`${table.batchReference} is not null`),
    index('allocations_waiting')
      .on(table.partition, table.sku, table.placed)
      .where(sql`${table.batchReference} is null`),
    index('allocations_waiting_by_quantity')
      .on(table.partition, table.sku, table.quantity)
      .where(sql`${table.batchReference} is null`),
    check('allocations_quantity_positive', sql`${table.quantity} > 0`),
  ],
)

/** The answer to each command, so that a repeated command gets the same answer. */
export const receipts = stock.table(
  'receipts',
  {
    partition: integer('partition').notNull(),
    commandId: id('command_id').$type<CommandId>().notNull(),
    /** A hash of what the command asked for. */
    fingerprint: text('fingerprint').notNull(),
    /** The partition's head after the command; null if it was rejected. */
    position: position('position').$type<LogPosition>(),
    answer: json('answer').notNull(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.partition, table.commandId] }),
    index('receipts_age')
      .on(table.partition, table.recordedAt)
      .where(sql`${table.recordedAt} is not null`),
  ],
)

/** The last answered entry of each stream of other systems. It moves in the same transaction as the entry's command. */
export const streamPositions = stock.table(
  'stream_positions',
  {
    partition: integer('partition').notNull(),
    stream: text('stream').notNull(),
    /** The id of the last answered entry, as Redis writes it: `1700000000000-3`. */
    entryId: text('entry_id').notNull(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.partition, table.stream] })],
)
