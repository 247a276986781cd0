import type { CommandKind } from './command-kind.ts'
import { rejected } from '../decision.ts'
import { batchIn } from '../product.ts'
import { serveWaiting } from '../queue.ts'
import { lineKey } from '../stock.ts'
import type { OrderId, Sku } from '../values.ts'

/** Removes an order line, whether it is allocated or waits. */
export interface Deallocate {
  readonly type: 'Deallocate'
  readonly orderId: OrderId
  readonly sku: Sku
}

export interface LineNotAllocated {
  readonly type: 'LineNotAllocated'
  readonly orderId: OrderId
  readonly sku: Sku
}

export const deallocate: CommandKind<Deallocate> = {
  concerns: ({ orderId, sku }) => ({ sku, line: { orderId, sku } }),
  *decide(stock, command, begin) {
    const { orderId, sku } = command
    const product = stock.products.get(sku)
    if (product === undefined) return rejected({ type: 'InvalidSku', sku })
    const line = stock.lines.get(lineKey(orderId, sku))
    if (line === undefined) return rejected({ type: 'LineNotAllocated', orderId, sku })
    const { quantity, batchReference, placed } = line
    if (batchReference === null) {
      return begin(product).record({ type: 'BackorderCancelled', orderId, sku, quantity }, line).accepted()
    }
    const eta = batchIn(product, batchReference).eta
    const changes = begin(product).record(
      { type: 'LineDeallocated', orderId, sku, quantity, batchReference, eta, cause: 'REQUESTED', placed },
      line,
    )
    return yield* serveWaiting(stock, changes)
  },
}
