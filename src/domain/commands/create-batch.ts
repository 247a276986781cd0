import type { CommandKind } from './command-kind.ts'
import { rejected, stockLimitExceeded } from '../decision.ts'
import { emptyProduct, purchased } from '../product.ts'
import { serveWaiting } from '../queue.ts'
import { MAX_QUANTITY } from '../values.ts'
import type { BatchReference, CalendarDate, Quantity, Sku } from '../values.ts'

/** Adds a batch that is in the warehouse (`eta` null) or on its way. */
export interface CreateBatch {
  readonly type: 'CreateBatch'
  readonly reference: BatchReference
  readonly sku: Sku
  readonly quantity: Quantity
  readonly eta: CalendarDate | null
}

export interface BatchReferenceTaken {
  readonly type: 'BatchReferenceTaken'
  readonly reference: BatchReference
}

export const createBatch: CommandKind<CreateBatch> = {
  concerns: ({ sku, reference }) => ({ sku, batch: reference, claim: { reference, sku } }),
  *decide(stock, command, begin) {
    const { reference, sku, quantity, eta } = command
    if (stock.skuOf.has(reference) || !stock.mayUse(reference, sku))
      return rejected({ type: 'BatchReferenceTaken', reference })
    const product = stock.products.get(sku) ?? emptyProduct(sku)
    if (purchased(product) + quantity > MAX_QUANTITY) return stockLimitExceeded(sku)
    const changes = begin(product).record({ type: 'BatchCreated', reference, sku, quantity, eta })
    return yield* serveWaiting(stock, changes)
  },
}
