/** The states and movements that clients may see according to the log. */
import type { Movement, OrderState, ProductState } from '../history.ts'
import type { LoggedEvent } from '../log.ts'
import type { Line, Product } from './stock.ts'

const LOW_STOCK_UNITS = 5

/** @param version the position of the last event that concerned the product */
export function productState({ sku, batches }: Product, version: number): ProductState {
  const promised = new Map<string | null, number>()
  let [onHand, allocated, incoming] = [0, 0, 0]
  for (const batch of batches) {
    allocated += batch.allocated
    if (batch.eta === null) onHand += batch.quantity
    else incoming += batch.quantity
    const left = batch.quantity - batch.allocated
    if (left !== 0) promised.set(batch.eta, (promised.get(batch.eta) ?? 0) + left)
  }
  let cumulative = 0
  const availableToPromise = [...promised].map(([date, quantity]) => {
    cumulative += quantity
    return { date, quantity, cumulative }
  })
  const available = promised.get(null) ?? 0
  const status =
    available > LOW_STOCK_UNITS
      ? 'IN_STOCK'
      : available > 0
        ? 'LOW_STOCK'
        : cumulative > 0
          ? 'INCOMING'
          : 'OUT_OF_STOCK'
  return { sku, version: String(version), status, onHand, allocated, available, incoming, availableToPromise }
}

export const orderLine = (sku: string, { quantity, batch }: Line): OrderState['lines'][number] => ({
  sku,
  quantity,
  status: batch === null ? 'BACKORDERED' : 'ALLOCATED',
  batchReference: batch?.reference ?? null,
  eta: batch?.eta ?? null,
})

const MOVEMENTS: Record<string, string> = {
  BatchCreated: 'BATCH_CREATED',
  BatchQuantityChanged: 'BATCH_QUANTITY_CHANGED',
  LineAllocated: 'ALLOCATED',
  LineDeallocated: 'DEALLOCATED',
  LineBackordered: 'BACKORDERED',
  BackorderCancelled: 'BACKORDER_CANCELLED',
}

export function movementOf(logged: LoggedEvent, availableBefore: number): Movement {
  const { type, data, position, commandId, recordedAt } = logged
  const quantity = type === 'BatchQuantityChanged' ? data['to'] - data['from'] : data['quantity']
  const concernsWarehouse = data['eta'] === null
  const sign = type === 'LineAllocated' ? -1 : 1
  return {
    position: String(position),
    sku: data['sku'],
    type: MOVEMENTS[type] ?? type,
    quantity,
    batchReference: data['reference'] ?? data['batchReference'] ?? null,
    orderId: data['orderId'] ?? null,
    reason: data['reason'] ?? data['cause'] ?? null,
    reference: commandId,
    availableBefore,
    availableAfter: availableBefore + (concernsWarehouse ? sign * quantity : 0),
    recordedAt: new Date(recordedAt).toISOString(),
  }
}
