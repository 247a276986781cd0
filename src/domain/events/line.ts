/** What the events of order lines have in common. */
import type { Line } from '../product.ts'
import type { OrderId, Quantity, Sku } from '../values.ts'
import type { StockBefore } from './event-kind.ts'

export interface LineEvent {
  readonly orderId: OrderId
  readonly sku: Sku
  readonly quantity: Quantity
}

export const lineFields = { orderId: 'id', sku: 'id', quantity: 'quantity' } as const

/** The line without stock; it keeps its place in the queue. */
export const waitingLine = ({ orderId, sku, quantity }: LineEvent, placed: Line['placed']): Line => ({
  orderId,
  sku,
  quantity,
  batchReference: null,
  placed,
})

export const named = ({ orderId, sku }: LineEvent): string => `the line of order ${orderId} for ${sku}`

/** @returns how the event differs from its line; null if it does not */
export const differs = (event: LineEvent, line: Line): string | null =>
  event.quantity === line.quantity
    ? null
    : `${named(event)} has ${line.quantity} units, not ${event.quantity}`

/** @returns what is wrong with an event that only a waiting line can have; null if nothing is */
export function mustWait(event: LineEvent, before: StockBefore): string | null {
  const line = before.line(event.orderId, event.sku)
  if (line === undefined || line.batchReference !== null) return `${named(event)} is not waiting`
  return differs(event, line)
}
