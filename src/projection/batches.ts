/** The batches, by reference. */
import { date, integer, primaryKey } from 'drizzle-orm/pg-core'
import { batchChange, batchOf } from '../domain/events.ts'
import type { BatchChange } from '../domain/events/event-kind.ts'
import type { BatchReference, CalendarDate, LogPosition, Sku } from '../domain/values.ts'
import { id, position } from '../lib/column-types.ts'
import type { Partition } from '../log/partition.ts'
import type { Projection } from '../projector/projection.ts'
import { views } from '../projector/tables.ts'
import { unitsAfter } from './batch-units.ts'
import type { BatchUnits } from './batch-units.ts'

export interface BatchRow extends BatchUnits {
  readonly reference: BatchReference
  readonly partition: Partition
  readonly position: LogPosition
  readonly sku: Sku
  readonly eta: CalendarDate | null
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
    (table) => [primaryKey({ columns: [table.partition, table.reference, table.position] })],
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
    const { reference, eta } = batchChange(event) as BatchChange
    return { reference, partition, position: at, sku: event.sku, eta, ...unitsAfter(recorded, current) }
  },
}
