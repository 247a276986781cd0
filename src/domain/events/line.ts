/** Shared parts of the events of order lines. */
import type { Line } from '../product.ts'
import type { OrderId, Quantity, Sku } from '../values.ts'
import type { StockBefore } from './event-kind.ts'

export interface LineEvent {
  readonly orderId: OrderId
  readonly sku: Sku
  readonly quantity: Quantity
}

export const lineFields = { orderId: 'id', sku: 'id', quantity: 'quantity' } as const

/** The line without stock, at its unchanged queue position. */
export const waitingLine = ({ orderId, sku, quantity }: LineEvent, placed: Line['placed']): Line => ({
  orderId,
  sku,
  quantity,
  batchReference: null,
  placed,
})

export const describeLine = ({ orderId, sku }: LineEvent): string => `the line of order ${orderId} for ${sku}`

/** @returns how the quantities of the event and its line differ; null if they are equal */
export const quantityContradiction = (event: LineEvent, line: Line): string | null =>
  event.quantity === line.quantity
    ? null
    : `${describeLine(event)} has ${line.quantity} units, not ${event.quantity}`

/** @returns why an event that only a waiting line can have cannot happen; null if it can */
export function mustWait(event: LineEvent, before: StockBefore): string | null {
  const line = before.line(event.orderId, event.sku)
  if (line === undefined || line.batchReference !== null) return `${describeLine(event)} is not waiting`
  return quantityContradiction(event, line)
}
