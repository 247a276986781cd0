/** The availability of each product: the units on hand, the available units, and the incoming batches. */
import { sql } from 'drizzle-orm'
import { index, integer, jsonb, primaryKey, text } from 'drizzle-orm/pg-core'
import { batchChange } from '../domain/events.ts'
import type { RecordedEvent } from '../domain/events.ts'
import { compareBatches } from '../domain/product.ts'
import type { BatchReference, CalendarDate, LogPosition, Sku } from '../domain/values.ts'
import { id, instant, position } from '../lib/column-types.ts'
import type { Partition } from '../log/partition.ts'
import type { Projection } from '../projector/projection.ts'
import { views } from '../projector/tables.ts'
import { unitsAfter } from './batch-units.ts'

export type StockStatus = 'IN_STOCK' | 'LOW_STOCK' | 'INCOMING' | 'OUT_OF_STOCK'

/** A product with at most this many available units is low on stock. */
export const LOW_STOCK_UNITS = 5

export interface AvailabilityRow {
  readonly sku: Sku
  readonly partition: Partition
  readonly position: LogPosition
  readonly status: StockStatus
  /** Units in the warehouse, including allocated and reserved ones. */
  readonly onHand: number
  /** Units allocated to order lines, from the warehouse or from incoming batches. */
  readonly allocated: number
  /** Units that are held temporarily, without an order line. */
  readonly reserved: number
  /** Units in the warehouse that are neither allocated nor reserved. */
  readonly available: number
  /** Units on their way, including allocated and reserved ones. */
  readonly incoming: number
  /** In the order in which stock is allocated. */
  readonly batches: readonly BatchStock[]
  readonly updatedAt: Date
}

export interface BatchStock {
  readonly reference: BatchReference
  readonly eta: CalendarDate | null
  readonly purchased: number
  readonly allocated: number
  readonly reserved: number
  readonly available: number
  /** The position of the last event that concerned the batch. */
  readonly version: string
}

const tableNamed = (name: string) =>
  views.table(
    name,
    {
      sku: id('sku').$type<Sku>().notNull(),
      partition: integer('partition').notNull(),
      position: position('position').$type<LogPosition>().notNull(),
      status: text('status').$type<StockStatus>().notNull(),
      onHand: integer('on_hand').notNull(),
      allocated: integer('allocated').notNull(),
      reserved: integer('reserved').notNull(),
      available: integer('available').notNull(),
      incoming: integer('incoming').notNull(),
      batches: jsonb('batches').$type<readonly BatchStock[]>().notNull(),
      updatedAt: instant('updated_at').notNull(),
    },
    (table) => [
      primaryKey({ columns: [table.partition, table.sku, table.position] }),
      // Partial, so that Postgres uses it only for lists, not for single products: see `command/tables.ts`.
      index(`${name}_by_available`)
        .on(table.partition, table.available, table.sku)
        .where(sql`${table.available} is not null`),
    ],
  )

export const availabilityTable = tableNamed('availability')

export const availability: Projection<AvailabilityRow> = {
  name: 'availability',
  key: 'sku',
  keeps: 'latest',
  tableNamed,
  keyOf: (event) => event.sku,
  fold: (current, recorded, partition) => {
    const { event, position: at, recordedAt: updatedAt } = recorded
    const batches = foldBatches(current?.batches ?? [], recorded)
    return { sku: event.sku, partition, position: at, ...summary(batches), batches, updatedAt }
  },
}

function foldBatches(batches: readonly BatchStock[], recorded: RecordedEvent): readonly BatchStock[] {
  const change = batchChange(recorded.event)
  if (change === null) return batches
  const { reference, eta, isNew } = change
  const index = batches.findIndex((batch) => batch.reference === reference)
  const units = unitsAfter(recorded, batches[index])
  const batch = { reference, eta, ...units, version: String(recorded.position) }
  return isNew ? [...batches, batch].toSorted(compareBatches) : batches.with(index, batch)
}

function summary(batches: readonly BatchStock[]) {
  const total = { onHand: 0, allocated: 0, reserved: 0, available: 0, incoming: 0 }
  let toCome = 0
  for (const batch of batches) {
    total.allocated += batch.allocated
    total.reserved += batch.reserved
    if (batch.eta === null) {
      total.onHand += batch.purchased
      total.available += batch.available
    } else {
      total.incoming += batch.purchased
      toCome += batch.available
    }
  }
  return { status: statusOf(total.available, toCome), ...total }
}

function statusOf(available: number, toCome: number): StockStatus {
  if (available > LOW_STOCK_UNITS) return 'IN_STOCK'
  if (available > 0) return 'LOW_STOCK'
  return toCome > 0 ? 'INCOMING' : 'OUT_OF_STOCK'
}
