/**
 * Every stock decision. Pure: the same stock, command, position and time give the same answer.
 *
 * Who gets what: a new line takes from the first batch that holds all of it (warehouse, then earliest ETA,
 * then reference). A batch that shrinks gives up its newest lines first. Lines that wait are served in the
 * order in which they were placed, each as soon as one batch holds all of it. A line keeps its place however
 * often it is moved, so whoever came first is the last to lose stock and the first to get it.
 */
import type { Allocate, ChangeBatchQuantity, Command, CreateBatch, Deallocate } from './messages.ts'
import type { Event, RecordedEvent, Rejection } from './messages.ts'
import { available, emptyProduct, evolve, evolveLine } from './product.ts'
import type { Batch, Line, Product } from './product.ts'
import { availableToPromise, earliestPromise } from './promise.ts'
import { MAX_QUANTITY } from './values.ts'
import type { BatchReference, CommandId, LogPosition, OrderId, Quantity, Sku } from './values.ts'

/** More lines than this are never moved by one command: the operator reduces, or restocks, in steps. */
export const MAX_LINES_PER_COMMAND = 100_000

/** What a decision needs to know: the products and lines that the command names, and the lines that it may move. */
export interface Stock {
  readonly products: ReadonlyMap<Sku, Product>
  readonly skuOf: ReadonlyMap<BatchReference, Sku>
  readonly lines: ReadonlyMap<LineKey, Line>
  /** Whether the product has a claim to the reference, so that no other product's batch can have it. */
  mayUse(reference: BatchReference, sku: Sku): boolean
  /** A batch's lines, newest first. */
  newestLines(reference: BatchReference): KnownLines
  /** A product's waiting lines, first come first, without those that asked for more than there was when they were loaded. */
  waitingLines(sku: Sku): KnownLines
}

/** The beginning of a list of lines, as far as it has been loaded. */
export interface KnownLines {
  readonly lines: readonly Line[]
  /** There are no more, or no more are needed. */
  readonly complete: boolean
}

declare const lineKeyBrand: unique symbol
export type LineKey = string & { readonly [lineKeyBrand]: true }

/** Ids hold no control characters, so no two lines share a key. */
export const lineKey = (orderId: OrderId, sku: Sku): LineKey => `${orderId}\u001f${sku}` as LineKey

/** The order and the product of a line. */
export const ofLine = (key: LineKey): [OrderId, Sku] => key.split('\u001f') as [OrderId, Sku]

export type Decision = Accepted | Rejected | Undecided

export interface Accepted {
  readonly status: 'accepted'
  /** None when the command asked for what already is so. */
  readonly events: readonly RecordedEvent[]
  /** The product as the events leave it. */
  readonly product: Product
  /** The lines as the events leave them; null: gone. */
  readonly lines: ReadonlyMap<LineKey, Line | null>
  /** Where an allocated line is; null while it waits, and for other commands. */
  readonly batchReference: BatchReference | null
}

export interface Rejected {
  readonly status: 'rejected'
  readonly rejection: Rejection
}

/** More lines must be loaded before the command can be decided. */
export interface Undecided {
  readonly status: 'undecided'
  readonly needs: LinesNeeded
}

export type LinesNeeded =
  /** The newest lines of a batch, until they hold `units`. */
  | { readonly of: 'batch'; readonly reference: BatchReference; readonly units: number }
  /** More of a product's waiting lines, namely the next ones that ask for at most `atMost`. */
  | { readonly of: 'queue'; readonly sku: Sku; readonly atMost: number }

/** All that a decision takes from outside of the stock. */
export interface Circumstances {
  readonly commandId: CommandId
  readonly now: Date
  /** The position of the first event, if there will be one. */
  readonly next: LogPosition
}

/** Decides without a pause. */
export function decide(stock: Stock, command: Command, circumstances: Circumstances): Decision {
  const steps = deciding(stock, command, circumstances)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Decides, and yields now and then while it goes through many lines, so that the caller can let others run. */
export function* deciding(
  stock: Stock,
  command: Command,
  circumstances: Circumstances,
): Generator<void, Decision> {
  const draft = (product: Product) => new Draft(product, circumstances)
  switch (command.type) {
    case 'CreateBatch':
      return yield* createBatch(stock, command, draft)
    case 'ChangeBatchQuantity':
      return yield* changeBatchQuantity(stock, command, draft)
    case 'Allocate':
      return allocate(stock, command, draft)
    case 'Deallocate':
      return yield* deallocate(stock, command, draft)
    default:
      return command satisfies never
  }
}

/** Lines that are gone through between two yields. */
const LINES_PER_STEP = 500

type NewDraft = (product: Product) => Draft
type Deciding = Generator<void, Decision>

function* createBatch(stock: Stock, command: CreateBatch, draft: NewDraft): Deciding {
  const { reference, sku, quantity, eta } = command
  if (stock.skuOf.has(reference) || !stock.mayUse(reference, sku))
    return rejected({ type: 'BatchReferenceTaken', reference })
  const product = stock.products.get(sku) ?? emptyProduct(sku)
  if (purchased(product) + quantity > MAX_QUANTITY) return stockLimitExceeded(sku)
  const changes = draft(product).record({ type: 'BatchCreated', reference, sku, quantity, eta })
  return yield* serveWaiting(stock, changes)
}

function* changeBatchQuantity(stock: Stock, command: ChangeBatchQuantity, draft: NewDraft): Deciding {
  const { reference, quantity, reason, expectedVersion } = command
  const found = findBatch(stock, reference)
  if (found === undefined) return rejected({ type: 'BatchNotFound', reference })
  const { batch, product } = found
  const { sku, eta, version } = batch
  if (expectedVersion !== null && expectedVersion !== version) {
    return rejected({ type: 'StaleVersion', reference, expected: expectedVersion, actual: version })
  }
  if (quantity === batch.quantity) return draft(product).accepted()
  if (purchased(product) - batch.quantity + quantity > MAX_QUANTITY) return stockLimitExceeded(sku)

  const changes = draft(product)
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
      throw new Error(`Batch ${reference} has ${toFree} more units allocated than lines known.`)
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
}

function allocate(stock: Stock, command: Allocate, draft: NewDraft): Decision {
  const { orderId, sku, quantity } = command
  const product = stock.products.get(sku)
  if (product === undefined) return rejected({ type: 'InvalidSku', sku })
  const line = stock.lines.get(lineKey(orderId, sku))
  if (line !== undefined) {
    return line.quantity === quantity
      ? draft(product).accepted(line.batchReference)
      : rejected({ type: 'LineAlreadyAllocated', orderId, sku, quantity: line.quantity })
  }
  const batch = firstThatHolds(product, quantity)
  if (batch === undefined) return rejected(outOfStock(product, quantity))
  const { reference: batchReference, eta } = batch
  return draft(product)
    .record({ type: 'LineAllocated', orderId, sku, quantity, batchReference, eta })
    .accepted(batchReference)
}

function* deallocate(stock: Stock, command: Deallocate, draft: NewDraft): Deciding {
  const { orderId, sku } = command
  const product = stock.products.get(sku)
  if (product === undefined) return rejected({ type: 'InvalidSku', sku })
  const line = stock.lines.get(lineKey(orderId, sku))
  if (line === undefined) return rejected({ type: 'LineNotAllocated', orderId, sku })
  const { quantity, batchReference, placed } = line
  if (batchReference === null) {
    return draft(product).record({ type: 'BackorderCancelled', orderId, sku, quantity }, line).accepted()
  }
  const eta = stateOf(product, batchReference).eta
  const changes = draft(product).record(
    { type: 'LineDeallocated', orderId, sku, quantity, batchReference, eta, cause: 'REQUESTED', placed },
    line,
  )
  return yield* serveWaiting(stock, changes)
}

/**
 * Gives free stock to the lines that wait for it, and to those that were displaced just now, each at its place; displaced lines
 * that get none are backordered.
 *
 * Before a command, no waiting line fits into what is free. So only lines that ask for no more than the fullest batch now has
 * can be served, and there is nothing to look for while that is less than any line asks for. What is free only falls while
 * lines are served, so a line that was left out because it asks for too much stays left out.
 */
function* serveWaiting(stock: Stock, changes: Draft, displaced: readonly Line[] = []): Deciding {
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
  for (const [at, { orderId, quantity }] of displaced.entries()) {
    if (!served.has(orderId)) changes.record({ type: 'LineBackordered', orderId, sku, quantity })
    if (at % LINES_PER_STEP === 0) yield
  }
  return changes.accepted()
}

function earlier(a: Line | undefined, b: Line | undefined): Line | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a.placed < b.placed ? a : b
}

/** The events of one decision, and the product and lines as they leave them. */
class Draft {
  readonly before: Product
  readonly #circumstances: Circumstances
  readonly #events: RecordedEvent[] = []
  readonly #lines = new Map<LineKey, Line | null>()
  #product: Product

  constructor(product: Product, circumstances: Circumstances) {
    this.before = product
    this.#product = product
    this.#circumstances = circumstances
  }

  /** @param line the line that the event concerns, as it was before this command; undefined for a new one */
  record(event: Event, line?: Line): this {
    const { next, now: recordedAt, commandId } = this.#circumstances
    const position = (next + BigInt(this.#events.length)) as LogPosition
    const recorded: RecordedEvent = { position, recordedAt, commandId, event }
    this.#events.push(recorded)
    this.#product = evolve(this.#product, recorded)
    if ('orderId' in event && event.type !== 'LineBackordered') {
      const after = evolveLine(line, recorded)
      this.#lines.set(lineKey(event.orderId, event.sku), after ?? null)
    }
    return this
  }

  /** What the fullest batch has left. */
  mostAvailable(): number {
    return this.#product.batches.reduce((most, batch) => Math.max(most, available(batch)), 0)
  }

  firstThatHolds(quantity: Quantity): Batch | undefined {
    return firstThatHolds(this.#product, quantity)
  }

  accepted(batchReference: BatchReference | null = null): Accepted {
    return {
      status: 'accepted',
      events: this.#events,
      product: this.#product,
      lines: this.#lines,
      batchReference,
    }
  }
}

const undecided = (needs: LinesNeeded): Undecided => ({ status: 'undecided', needs })

const rejected = (rejection: Rejection): Rejected => ({ status: 'rejected', rejection })

const tooManyLines = (sku: Sku) => rejected({ type: 'TooManyLines', sku, limit: MAX_LINES_PER_COMMAND })

const stockLimitExceeded = (sku: Sku) => rejected({ type: 'StockLimitExceeded', sku, limit: MAX_QUANTITY })

function outOfStock(product: Product, requested: Quantity): Rejection {
  const left = product.batches.map((batch) => ({ eta: batch.eta, available: available(batch) }))
  return {
    type: 'OutOfStock',
    sku: product.sku,
    requested,
    available: left.reduce((most, batch) => Math.max(most, batch.available), 0),
    earliestDate: earliestPromise(availableToPromise(left), requested)?.date ?? null,
  }
}

const purchased = (product: Product): number =>
  product.batches.reduce((sum, batch) => sum + batch.quantity, 0)

const firstThatHolds = (product: Product, quantity: Quantity): Batch | undefined =>
  product.batches.find((batch) => available(batch) >= quantity)

function stateOf(product: Product, reference: BatchReference): Batch {
  const batch = product.batches.find((candidate) => candidate.reference === reference)
  if (batch === undefined) throw new Error(`Product ${product.sku} has no batch ${reference}.`)
  return batch
}

function findBatch(stock: Stock, reference: BatchReference): { batch: Batch; product: Product } | undefined {
  const sku = stock.skuOf.get(reference)
  const product = sku === undefined ? undefined : stock.products.get(sku)
  return product && { batch: stateOf(product, reference), product }
}
