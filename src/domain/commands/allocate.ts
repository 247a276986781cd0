import type { CommandKind } from './command-kind.ts'
import { rejected } from '../decision.ts'
import { available } from '../product.ts'
import type { Product } from '../product.ts'
import { availableToPromise, earliestPromise } from '../promise.ts'
import { lineKey } from '../stock.ts'
import type { CalendarDate, OrderId, Quantity, Sku } from '../values.ts'

/** Allocates all units of a new order line from one batch. */
export interface Allocate {
  readonly type: 'Allocate'
  readonly orderId: OrderId
  readonly sku: Sku
  readonly quantity: Quantity
}

export interface OutOfStock {
  readonly type: 'OutOfStock'
  readonly sku: Sku
  readonly requested: Quantity
  /** The most units that one line can get now: what the fullest batch has available. */
  readonly available: number
  /** The day by which all batches together have enough units; null if they never do. */
  readonly earliestDate: CalendarDate | null
}

export interface LineAlreadyAllocated {
  readonly type: 'LineAlreadyAllocated'
  readonly orderId: OrderId
  readonly sku: Sku
  readonly quantity: Quantity
}

export const allocate: CommandKind<Allocate> = {
  concerns: ({ orderId, sku }) => ({ sku, line: { orderId, sku } }),
  decide(stock, command, begin) {
    const { orderId, sku, quantity } = command
    const product = stock.products.get(sku)
    if (product === undefined) return rejected({ type: 'InvalidSku', sku })
    const line = stock.lines.get(lineKey(orderId, sku))
    if (line !== undefined) {
      return line.quantity === quantity
        ? begin(product).accepted(line.batchReference)
        : rejected({ type: 'LineAlreadyAllocated', orderId, sku, quantity: line.quantity })
    }
    const changes = begin(product)
    const batch = changes.firstThatHolds(quantity)
    if (batch === undefined) return rejected(outOfStock(product, quantity))
    const { reference: batchReference, eta } = batch
    return changes
      .record({ type: 'LineAllocated', orderId, sku, quantity, batchReference, eta })
      .accepted(batchReference)
  },
}

function outOfStock(product: Product, requested: Quantity): OutOfStock {
  const left = product.batches.map((batch) => ({ eta: batch.eta, available: available(batch) }))
  return {
    type: 'OutOfStock',
    sku: product.sku,
    requested,
    available: left.reduce((most, batch) => Math.max(most, batch.available), 0),
    earliestDate: earliestPromise(availableToPromise(left), requested)?.date ?? null,
  }
}
