/** The ledger: a row for each event, with what was available of the product before and after it. */
import { index, integer, primaryKey, text } from 'drizzle-orm/pg-core'
import type { Event } from '../domain/messages.ts'
import { batchOf } from '../domain/product.ts'
import type { BatchReference, CommandId, LogPosition, OrderId, Sku } from '../domain/values.ts'
import { id, instant, position } from '../lib/column-types.ts'
import type { Partition } from '../log/partition.ts'
import type { Projection } from '../projector/projection.ts'
import { views } from '../projector/tables.ts'

export type MovementType =
  | 'BATCH_CREATED'
  | 'BATCH_QUANTITY_CHANGED'
  | 'ALLOCATED'
  | 'DEALLOCATED'
  | 'BACKORDERED'
  | 'BACKORDER_CANCELLED'

export interface MovementRow {
  readonly partition: Partition
  readonly position: LogPosition
  readonly sku: Sku
  readonly type: MovementType
  /** Units concerned; negative where a batch shrank. */
  readonly quantity: number
  readonly batchReference: BatchReference | null
  readonly orderId: OrderId | null
  readonly reason: string | null
  /** The id of the command that caused the movement. */
  readonly reference: CommandId
  readonly availableBefore: number
  readonly availableAfter: number
  readonly recordedAt: Date
}

const tableNamed = (name: string) =>
  views.table(
    name,
    {
      partition: integer('partition').notNull(),
      position: position('position').$type<LogPosition>().notNull(),
      sku: id('sku').$type<Sku>().notNull(),
      type: text('type').$type<MovementType>().notNull(),
      quantity: integer('quantity').notNull(),
      batchReference: id('batch_reference').$type<BatchReference>(),
      orderId: id('order_id').$type<OrderId>(),
      reason: text('reason'),
      reference: id('reference').$type<CommandId>().notNull(),
      availableBefore: integer('available_before').notNull(),
      availableAfter: integer('available_after').notNull(),
      recordedAt: instant('recorded_at').notNull(),
    },
    (table) => [
      primaryKey({ columns: [table.partition, table.position] }),
      index(`${name}_of_product`).on(table.partition, table.sku, table.position),
    ],
  )

export const movementsTable = tableNamed('movements')

export const movements: Projection<MovementRow> = {
  name: 'movements',
  key: 'sku',
  keeps: 'every',
  tableNamed,
  keyOf: (event) => event.sku,
  fold: (last, { event, position: at, recordedAt, commandId: reference }, partition) => {
    const availableBefore = last?.availableAfter ?? 0
    return {
      partition,
      position: at,
      sku: event.sku,
      ...movementOf(event),
      batchReference: batchOf(event),
      orderId: 'orderId' in event ? event.orderId : null,
      reference,
      availableBefore,
      availableAfter: availableBefore + availableBy(event),
      recordedAt,
    }
  },
}

function movementOf(event: Event): Pick<MovementRow, 'type' | 'quantity' | 'reason'> {
  switch (event.type) {
    case 'BatchCreated':
      return { type: 'BATCH_CREATED', quantity: event.quantity, reason: null }
    case 'BatchQuantityChanged':
      return { type: 'BATCH_QUANTITY_CHANGED', quantity: event.to - event.from, reason: event.reason }
    case 'LineAllocated':
      return { type: 'ALLOCATED', quantity: event.quantity, reason: null }
    case 'LineDeallocated':
      return { type: 'DEALLOCATED', quantity: event.quantity, reason: event.cause }
    case 'LineBackordered':
      return { type: 'BACKORDERED', quantity: event.quantity, reason: null }
    case 'BackorderCancelled':
      return { type: 'BACKORDER_CANCELLED', quantity: event.quantity, reason: null }
    default:
      return event satisfies never
  }
}

/** What an event adds to the units that can be had now; stock on its way is not among them. */
function availableBy(event: Event): number {
  if (!('eta' in event) || event.eta !== null) return 0
  switch (event.type) {
    case 'BatchCreated':
      return event.quantity
    case 'BatchQuantityChanged':
      return event.to - event.from
    case 'LineAllocated':
      return -event.quantity
    case 'LineDeallocated':
      return event.quantity
    default:
      return event satisfies never
  }
}
