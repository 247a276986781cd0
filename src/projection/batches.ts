/** Each batch by its reference. */
import { date, integer, primaryKey } from 'drizzle-orm/pg-core'
import type { RecordedEvent } from '../domain/messages.ts'
import { batchOf } from '../domain/product.ts'
import type { BatchReference, CalendarDate, LogPosition, Sku } from '../domain/values.ts'
import { id, position } from '../lib/column-types.ts'
import type { Partition } from '../log/partition.ts'
import type { Projection } from '../projector/projection.ts'
import { views } from '../projector/tables.ts'

export interface BatchRow {
  readonly reference: BatchReference
  readonly partition: Partition
  readonly position: LogPosition
  readonly sku: Sku
  readonly eta: CalendarDate | null
  readonly purchased: number
  readonly allocated: number
  readonly reserved: number
  readonly available: number
}

const tableNamed = (name: string) =>
  views.table(
    name,
    {
      reference: id('reference').$type<BatchReference>().notNull(),
      partition: integer('partition').notNull(),
      position: position('position').$type<LogPosition>().notNull(),
      sku: id('sku').$type<Sku>().notNull(),
      eta: date('eta', { mode: 'string' }).$type<CalendarDate>(),
      purchased: integer('purchased').notNull(),
      allocated: integer('allocated').notNull(),
      reserved: integer('reserved').notNull(),
      available: integer('available').notNull(),
    },
    (table) => [primaryKey({ columns: [table.partition, table.reference] })],
  )

export const batchesTable = tableNamed('batches')

export const batches: Projection<BatchRow> = {
  name: 'batches',
  key: 'reference',
  keeps: 'latest',
  tableNamed,
  keyOf: batchOf,
  fold: (current, recorded, partition) => {
    const { event, position: at } = recorded
    if (event.type === 'BatchCreated') {
      const { reference, sku, eta, quantity } = event
      const stock = { purchased: quantity, allocated: 0, reserved: 0, available: quantity }
      return { reference, partition, position: at, sku, eta, ...stock }
    }
    if (current === undefined)
      throw new Error(`No batch ${batchOf(event)} has been created before event ${at}.`)
    const purchased = event.type === 'BatchQuantityChanged' ? event.to : current.purchased
    const allocated = current.allocated + allocatedBy(event)
    return {
      ...current,
      position: at,
      purchased,
      allocated,
      available: purchased - allocated - current.reserved,
    }
  },
}

function allocatedBy(event: RecordedEvent['event']): number {
  if (event.type === 'LineAllocated') return event.quantity
  return event.type === 'LineDeallocated' ? -event.quantity : 0
}
