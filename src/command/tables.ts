/**
 * The write side's own memory, normalized: what the next decision needs. All of it follows from the log. The
 * CHECK constraints repeat the invariants that matter most, so that even a bug cannot oversell.
 *
 * The secondary indexes are partial, although their condition always holds or hardly saves anything: Postgres uses a partial
 * index only for statements that imply its condition. Otherwise it would use them for lookups by the primary key while a table
 * has no statistics, because it takes `partition = 0` for a condition that few rows meet.
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
    /** Of the last event that concerned the batch. */
    version: position('version').$type<LogPosition>().notNull(),
  },
  (table) => [
    // With the version: see `prepareReplace`.
    primaryKey({ columns: [table.partition, table.reference, table.version] }),
    index('batches_sku')
      .on(table.partition, table.sku)
      .where(sql`${table.sku} is not null`),
    check('batches_not_oversold', sql`0 <= ${table.allocated} and ${table.allocated} <= ${table.quantity}`),
  ],
)

/**
 * Who may use a batch reference, one row per reference, in the partition that the reference hashes to (its home). A batch is
 * written only under such a claim, so references are unique although batches lie in the partitions of their products.
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

/** One row for each order line that has been accepted and not taken back. */
export const allocations = stock.table(
  'allocations',
  {
    partition: integer('partition').notNull(),
    orderId: id('order_id').$type<OrderId>().notNull(),
    sku: id('sku').$type<Sku>().notNull(),
    quantity: integer('quantity').$type<Quantity>().notNull(),
    /** Null: backordered. */
    batchReference: id('batch_reference').$type<BatchReference>(),
    /** Position at which the line was first allocated. */
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

/** What each command was answered, so that the same command sent again gets the same answer. */
export const receipts = stock.table(
  'receipts',
  {
    partition: integer('partition').notNull(),
    commandId: id('command_id').$type<CommandId>().notNull(),
    /** A hash of what the command asked for. */
    fingerprint: text('fingerprint').notNull(),
    /** The log's head after the command; null if it was refused. */
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

/** How far each stream of other systems has been applied. It moves in the transaction of the command that an entry became. */
export const streamPositions = stock.table(
  'stream_positions',
  {
    partition: integer('partition').notNull(),
    stream: text('stream').notNull(),
    /** Id of the last entry that was answered, as Redis writes it: `1700000000000-3`. */
    entryId: text('entry_id').notNull(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.partition, table.stream] })],
)
