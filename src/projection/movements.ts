/** The ledger: one row per event, with the product's available units before and after it. */
import { index, integer, primaryKey, text } from 'drizzle-orm/pg-core'
import { batchChange, isLineEvent, kindOf } from '../domain/events.ts'
import type { BatchChange, MovementType } from '../domain/events/event-kind.ts'
import type { BatchReference, CommandId, LogPosition, OrderId, Sku } from '../domain/values.ts'
import { id, instant, position } from '../lib/column-types.ts'
import type { Partition } from '../log/partition.ts'
import type { Projection } from '../projector/projection.ts'
import { views } from '../projector/tables.ts'

export interface MovementRow {
  readonly partition: Partition
  readonly position: LogPosition
  readonly sku: Sku
  readonly type: MovementType
  /** In units; negative if a batch shrank. */
  readonly quantity: number
  readonly batchReference: BatchReference | null
  readonly orderId: OrderId | null
  readonly reason: string | null
  /** The id of the command that caused the movement. */
  readonly commandId: CommandId
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
      commandId: id('reference').$type<CommandId>().notNull(),
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
  fold: (last, { event, position: at, recordedAt, commandId }, partition) => {
    const change = batchChange(event)
    const { type, quantity, reason = null } = kindOf(event).movement(event)
    const availableBefore = last?.availableAfter ?? 0
    return {
      partition,
      position: at,
      sku: event.sku,
      type,
      quantity,
      reason,
      batchReference: change?.reference ?? null,
      orderId: isLineEvent(event) ? event.orderId : null,
      commandId,
      availableBefore,
      availableAfter: availableBefore + availableBy(change),
      recordedAt,
    }
  },
}

/** How an event changes the available units. Incoming stock does not count. */
function availableBy(change: BatchChange | null): number {
  return change === null || change.eta !== null ? 0 : change.purchased - change.allocated
}
