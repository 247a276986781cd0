/**
 * The write side's own memory, normalized: what the next decision needs. All of it follows from the log. The
 * CHECK constraints repeat the invariants that matter most, so that even a bug cannot oversell.
 */
import { sql } from 'drizzle-orm'
import { check, date, index, integer, json, primaryKey, text, unique } from 'drizzle-orm/pg-core'
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
    primaryKey({ columns: [table.partition, table.reference] }),
    unique('batches_reference_unique').on(table.reference),
    index('batches_sku').on(table.sku),
    check('batches_not_oversold', sql`0 <= ${table.allocated} and ${table.allocated} <= ${table.quantity}`),
  ],
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
    primaryKey({ columns: [table.orderId, table.sku, table.partition] }),
    index('allocations_of_batch').on(table.batchReference, table.placed),
    index('allocations_waiting')
      .on(table.sku, table.placed)
      .where(sql`${table.batchReference} is null`),
    check('allocations_quantity_positive', sql`${table.quantity} > 0`),
  ],
)

/** What each command was answered, so that the same command sent again gets the same answer. */
export const receipts = stock.table(
  'receipts',
  {
    commandId: id('command_id').$type<CommandId>().notNull(),
    partition: integer('partition').notNull(),
    /** A hash of what the command asked for. */
    fingerprint: text('fingerprint').notNull(),
    /** The log's head after the command; null if it was refused. */
    position: position('position').$type<LogPosition>(),
    answer: json('answer').notNull(),
    recordedAt: instant('recorded_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.commandId, table.partition] }),
    index('receipts_age').using('brin', table.recordedAt),
  ],
)
