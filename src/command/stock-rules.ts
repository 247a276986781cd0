/** Whether an event follows from those before it, and whether a commit left a batch as it may be. For `onhand verify`. */
import { lineKey } from '../domain/decide.ts'
import type { LineKey } from '../domain/decide.ts'
import type { Event } from '../domain/messages.ts'
import type { Batch, Line } from '../domain/product.ts'
import type { BatchReference, LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { LoggedEvent } from '../log/read.ts'

/** The stock before the event. */
export interface StockBefore {
  readonly batches: ReadonlyMap<BatchReference, Batch>
  readonly lines: ReadonlyMap<LineKey, Line>
}

/** @returns what is wrong with the event; null if it follows from what was before */
export function checkEvent(
  partition: Partition,
  { position, event }: Pick<LoggedEvent, 'position' | 'event'>,
  before: StockBefore,
): string | null {
  const wrong = contradiction(event, before)
  return wrong === null ? null : `event ${partition}:${position} (${event.type}): ${wrong}`
}

function contradiction(event: Event, { batches, lines }: StockBefore): string | null {
  switch (event.type) {
    case 'BatchCreated':
      return batches.has(event.reference) ? `the batch ${event.reference} exists already` : null
    case 'BatchQuantityChanged': {
      const batch = batches.get(event.reference)
      if (batch === undefined) return `there is no batch ${event.reference}`
      return batch.quantity === event.from
        ? null
        : `the batch ${event.reference} has ${batch.quantity} units, not ${event.from}`
    }
    case 'LineAllocated': {
      if (!batches.has(event.batchReference)) return `there is no batch ${event.batchReference}`
      const line = lines.get(lineKey(event.orderId, event.sku))
      if (line === undefined) return null
      if (line.batchReference !== null)
        return `${named(event)} is allocated already, in ${line.batchReference}`
      return differs(event, line)
    }
    case 'LineDeallocated': {
      const line = lines.get(lineKey(event.orderId, event.sku))
      if (line === undefined || line.batchReference !== event.batchReference)
        return `${named(event)} is not allocated in ${event.batchReference}`
      return differs(event, line)
    }
    case 'LineBackordered':
    case 'BackorderCancelled': {
      const line = lines.get(lineKey(event.orderId, event.sku))
      if (line === undefined || line.batchReference !== null) return `${named(event)} is not waiting`
      return differs(event, line)
    }
    default:
      return event satisfies never
  }
}

const named = ({ orderId, sku }: Pick<Line, 'orderId' | 'sku'>) => `the line of order ${orderId} for ${sku}`

const differs = (event: Pick<Line, 'orderId' | 'sku' | 'quantity'>, line: Line): string | null =>
  event.quantity === line.quantity
    ? null
    : `${named(event)} has ${line.quantity} units, not ${event.quantity}`

/** @returns what is wrong with a batch as a commit left it */
export function checkBatch(
  partition: Partition,
  position: LogPosition,
  batch: Batch | undefined,
): string | null {
  if (batch === undefined || (batch.allocated >= 0 && batch.allocated <= batch.quantity)) return null
  const { reference, allocated, quantity } = batch
  return `the commit that ends at ${partition}:${position} left batch ${reference} with ${allocated} of ${quantity} units allocated`
}
