/** The queue of a product's waiting lines. */
import { Draft, LINES_PER_STEP, MAX_LINES_PER_COMMAND, tooManyLines, undecided } from './decision.ts'
import type { Deciding } from './decision.ts'
import type { Line } from './product.ts'
import type { Stock } from './stock.ts'
import type { OrderId } from './values.ts'

/**
 * Allocates available stock to the waiting lines and to the displaced ones, in the order of their queue positions. Displaced
 * lines that get no stock are backordered.
 *
 * Before a command, no waiting line fits into any batch. So only lines that ask for no more than the fullest batch now has
 * available can be served, and no lines are loaded if that is less than `leastWaiting`. The available units only decrease
 * while lines are served, so a line that was skipped because it asks for too much need not be tried again.
 */
export function* serveWaiting(stock: Stock, changes: Draft, displaced: readonly Line[] = []): Deciding {
  const { sku, leastWaiting } = changes.before
  const queue = stock.waitingLines(sku)
  const served = new Set<OrderId>()
  const oldestFirst = displaced.toReversed()
  let fromQueue = 0
  for (let inQueue = 0, inDisplaced = 0; ;) {
    const most = changes.mostAvailable()
    if (most === 0) break
    const waiting = queue.lines[inQueue]
    if (waiting === undefined && !queue.complete && leastWaiting !== null && leastWaiting <= most)
      return queue.lines.length > MAX_LINES_PER_COMMAND
        ? tooManyLines(sku)
        : undecided({ of: 'queue', sku, atMost: most })
    const back = oldestFirst[inDisplaced]
    const line = earlier(waiting, back)
    if (line === undefined) break
    if (line === waiting) inQueue += 1
    else inDisplaced += 1
    const batch = changes.firstThatHolds(line.quantity)
    if (batch !== undefined) {
      if (line === waiting) fromQueue += 1
      if (displaced.length + fromQueue > MAX_LINES_PER_COMMAND) return tooManyLines(sku)
      const { orderId, quantity } = line
      const { reference: batchReference, eta } = batch
      changes.record({ type: 'LineAllocated', orderId, sku, quantity, batchReference, eta }, line)
      served.add(orderId)
    }
    if ((inQueue + inDisplaced) % LINES_PER_STEP === 0) yield
  }
  for (const [at, line] of displaced.entries()) {
    const { orderId, quantity } = line
    if (!served.has(orderId)) changes.record({ type: 'LineBackordered', orderId, sku, quantity }, line)
    if (at % LINES_PER_STEP === 0) yield
  }
  return changes.accepted()
}

function earlier(a: Line | undefined, b: Line | undefined): Line | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a.placed < b.placed ? a : b
}
