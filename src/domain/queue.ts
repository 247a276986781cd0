/** The queue of a product's waiting lines. */
import { Draft, LINES_PER_STEP, MAX_LINES_PER_COMMAND, tooManyLines, undecided } from './decision.ts'
import type { Deciding } from './decision.ts'
import type { Line } from './product.ts'
import type { Stock } from './stock.ts'
import type { OrderId } from './values.ts'

/**
 * Gives free stock to the lines that wait for it, and to those that were displaced just now, each at its place; displaced lines
 * that get none are backordered.
 *
 * Before a command, no waiting line fits into what is free. So only lines that ask for no more than the fullest batch now has
 * can be served, and there is nothing to look for while that is less than any line asks for. What is free only falls while
 * lines are served, so a line that was left out because it asks for too much stays left out.
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
