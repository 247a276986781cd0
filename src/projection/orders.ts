/** Each order with its lines and their batches. An order has one row per partition, with the lines of the partition's products. */
import { integer, jsonb, primaryKey } from 'drizzle-orm/pg-core'
import { batchChange, isLineEvent, kindOf } from '../domain/events.ts'
import type { Event } from '../domain/events.ts'
import type { BatchReference, CalendarDate, LogPosition, OrderId, Quantity, Sku } from '../domain/values.ts'
import { id, instant, position } from '../lib/column-types.ts'
import type { Partition } from '../log/partition.ts'
import type { Projection } from '../projector/projection.ts'
import { views } from '../projector/tables.ts'

export type LineStatus = 'ALLOCATED' | 'BACKORDERED'

export interface OrderLine {
  readonly sku: Sku
  readonly quantity: Quantity
  readonly status: LineStatus
  readonly batchReference: BatchReference | null
  /** The day on which the batch is expected; null if it is in the warehouse, or if the line has no batch. */
  readonly eta: CalendarDate | null
}

export interface OrderRow {
  readonly orderId: OrderId
  readonly partition: Partition
  readonly position: LogPosition
  /** In the order of their first allocation. */
  readonly lines: readonly OrderLine[]
  readonly updatedAt: Date
}

const tableNamed = (name: string) =>
  views.table(
    name,
    {
      orderId: id('order_id').$type<OrderId>().notNull(),
      partition: integer('partition').notNull(),
      position: position('position').$type<LogPosition>().notNull(),
      lines: jsonb('lines').$type<readonly OrderLine[]>().notNull(),
      updatedAt: instant('updated_at').notNull(),
    },
    (table) => [primaryKey({ columns: [table.partition, table.orderId, table.position] })],
  )

export const ordersTable = tableNamed('orders')

export const orders: Projection<OrderRow> = {
  name: 'orders',
  key: 'orderId',
  keeps: 'latest',
  tableNamed,
  keyOf: (event) => (isLineEvent(event) ? event.orderId : null),
  fold: (current, { event, position: at, recordedAt: updatedAt }, partition) => {
    if (!isLineEvent(event)) throw new Error(`Event ${at} of type ${event.type} concerns no order.`)
    const { orderId, sku } = event
    const lines = withLine(current?.lines ?? [], sku, lineAfter(event, at))
    return { orderId, partition, position: at, lines, updatedAt }
  },
}

/** The line after the event; null if the event removes it. */
function lineAfter(event: Event, at: LogPosition): OrderLine | null {
  const line = kindOf(event).lineAfter?.(event, undefined, at)
  if (line === undefined) return null
  const { sku, quantity, batchReference } = line
  if (batchReference === null) return { sku, quantity, status: 'BACKORDERED', batchReference, eta: null }
  return { sku, quantity, status: 'ALLOCATED', batchReference, eta: batchChange(event)?.eta ?? null }
}

function withLine(lines: readonly OrderLine[], sku: Sku, line: OrderLine | null): readonly OrderLine[] {
  const at = lines.findIndex((candidate) => candidate.sku === sku)
  if (line === null) return at === -1 ? lines : lines.toSpliced(at, 1)
  return at === -1 ? [...lines, line] : lines.with(at, line)
}
