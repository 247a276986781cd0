import type { CommandKind } from './command-kind.ts'
import { LINES_PER_STEP, MAX_LINES_PER_COMMAND, rejected, stockLimitExceeded } from '../decision.ts'
import { tooManyLines, undecided } from '../decision.ts'
import { batchIn, purchased } from '../product.ts'
import type { Batch, Line, Product } from '../product.ts'
import { serveWaiting } from '../queue.ts'
import type { Stock } from '../stock.ts'
import { MAX_QUANTITY } from '../values.ts'
import type { BatchReference, LogPosition, Quantity } from '../values.ts'

/** Sets the total units of a batch, allocated ones included. */
export interface ChangeBatchQuantity {
  readonly type: 'ChangeBatchQuantity'
  readonly reference: BatchReference
  readonly quantity: Quantity
  readonly reason: string | null
  /** The version of the batch that the sender's decision is based on; null changes the batch at any version. */
  readonly expectedVersion: LogPosition | null
}

export interface BatchNotFound {
  readonly type: 'BatchNotFound'
  readonly reference: BatchReference
}

export interface StaleVersion {
  readonly type: 'StaleVersion'
  readonly reference: BatchReference
  readonly expected: LogPosition
  readonly actual: LogPosition
}

export const changeBatchQuantity: CommandKind<ChangeBatchQuantity> = {
  concerns: ({ reference }) => ({ sku: null, batch: reference }),
  *decide(stock, command, begin) {
    const { reference, quantity, reason, expectedVersion } = command
    const found = findBatch(stock, reference)
    if (found === undefined) return rejected({ type: 'BatchNotFound', reference })
    const { batch, product } = found
    const { sku, eta, version } = batch
    if (expectedVersion !== null && expectedVersion !== version) {
      return rejected({ type: 'StaleVersion', reference, expected: expectedVersion, actual: version })
    }
    if (quantity === batch.quantity) return begin(product).accepted()
    if (purchased(product) - batch.quantity + quantity > MAX_QUANTITY) return stockLimitExceeded(sku)

    const changes = begin(product)
    changes.record({
      type: 'BatchQuantityChanged',
      reference,
      sku,
      eta,
      from: batch.quantity as Quantity,
      to: quantity,
      reason,
    })
    const displaced: Line[] = []
    const newest = stock.newestLines(reference)
    for (let toFree = batch.allocated - quantity; toFree > 0;) {
      if (displaced.length === MAX_LINES_PER_COMMAND) return tooManyLines(sku)
      const line = newest.lines[displaced.length]
      if (line === undefined) {
        if (!newest.complete) return undecided({ of: 'batch', reference, units: batch.allocated - quantity })
        throw new Error(`Batch ${reference} has ${toFree} more units allocated than its lines add up to.`)
      }
      changes.record(
        {
          type: 'LineDeallocated',
          orderId: line.orderId,
          sku,
          quantity: line.quantity,
          batchReference: reference,
          eta,
          cause: 'BATCH_REDUCED',
          placed: line.placed,
        },
        line,
      )
      toFree -= line.quantity
      displaced.push(line)
      if (displaced.length % LINES_PER_STEP === 0) yield
    }
    return yield* serveWaiting(stock, changes, displaced)
  },
}

function findBatch(stock: Stock, reference: BatchReference): { batch: Batch; product: Product } | undefined {
  const sku = stock.skuOf.get(reference)
  const product = sku === undefined ? undefined : stock.products.get(sku)
  return product && { batch: batchIn(product, reference), product }
}
