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
import { available, emptyProduct, evolve } from './product.ts'
import type { Batch, Line, Product } from './product.ts'
import { availableToPromise, earliestPromise } from './promise.ts'
import { MAX_QUANTITY } from './values.ts'
import type { BatchReference, CommandId, LogPosition, OrderId, Quantity, Sku } from './values.ts'

/**
 * What a decision needs to know: the products and lines that the command names, and, for a batch that
 * shrinks, its newest lines, at least `unitsToFree` of them.
 */
export interface Stock {
  readonly products: ReadonlyMap<Sku, Product>
  readonly skuOf: ReadonlyMap<BatchReference, Sku>
  readonly lines: ReadonlyMap<LineKey, Line>
}

declare const lineKeyBrand: unique symbol
export type LineKey = string & { readonly [lineKeyBrand]: true }

/** Ids hold no control characters, so no two lines share a key. */
export const lineKey = (orderId: OrderId, sku: Sku): LineKey => `${orderId}\u001f${sku}` as LineKey

export type Decision = Accepted | Rejected

export interface Accepted {
  readonly status: 'accepted'
  /** None when the command asked for what already is so. */
  readonly events: readonly RecordedEvent[]
  /** Where an allocated line is; null while it waits, and for other commands. */
  readonly batchReference: BatchReference | null
}

export interface Rejected {
  readonly status: 'rejected'
  readonly rejection: Rejection
}

/** All that a decision takes from outside of the stock. */
export interface Circumstances {
  readonly commandId: CommandId
  readonly now: Date
  /** The position of the first event, if there will be one. */
  readonly next: LogPosition
}

export function decide(stock: Stock, command: Command, circumstances: Circumstances): Decision {
  const draft = (product: Product) => new Draft(product, circumstances)
  switch (command.type) {
    case 'CreateBatch':
      return createBatch(stock, command, draft)
    case 'ChangeBatchQuantity':
      return changeBatchQuantity(stock, command, draft)
    case 'Allocate':
      return allocate(stock, command, draft)
    case 'Deallocate':
      return deallocate(stock, command, draft)
    default:
      return command satisfies never
  }
}

/** How many allocated units the command takes away from its batch; 0 for most commands. */
export function unitsToFree(stock: Stock, command: Command): number {
  if (command.type !== 'ChangeBatchQuantity') return 0
  const batch = findBatch(stock, command.reference)?.batch
  return batch === undefined ? 0 : Math.max(0, batch.allocated - command.quantity)
}

type NewDraft = (product: Product) => Draft

function createBatch(stock: Stock, command: CreateBatch, draft: NewDraft): Decision {
  const { reference, sku, quantity, eta } = command
  if (stock.skuOf.has(reference)) return rejected({ type: 'BatchReferenceTaken', reference })
  const product = stock.products.get(sku) ?? emptyProduct(sku)
  if (purchased(product) + quantity > MAX_QUANTITY) return stockLimitExceeded(sku)
  return draft(product)
    .record({ type: 'BatchCreated', reference, sku, quantity, eta })
    .serveWaiting()
    .accepted()
}

function changeBatchQuantity(stock: Stock, command: ChangeBatchQuantity, draft: NewDraft): Decision {
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
  const moved = newestFirst(stock, reference)[Symbol.iterator]()
  for (let toFree = unitsToFree(stock, command); toFree > 0;) {
    const line = moved.next().value
    if (line === undefined)
      throw new Error(`Batch ${reference} has ${toFree} more units allocated than lines known.`)
    changes.record({
      type: 'LineDeallocated',
      orderId: line.orderId,
      sku,
      quantity: line.quantity,
      batchReference: reference,
      eta,
      cause: 'BATCH_REDUCED',
      placed: line.placed,
    })
    toFree -= line.quantity
  }
  return changes.serveWaiting().accepted()
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

function deallocate(stock: Stock, command: Deallocate, draft: NewDraft): Decision {
  const { orderId, sku } = command
  const product = stock.products.get(sku)
  if (product === undefined) return rejected({ type: 'InvalidSku', sku })
  const line = stock.lines.get(lineKey(orderId, sku))
  if (line === undefined) return rejected({ type: 'LineNotAllocated', orderId, sku })
  const { quantity, batchReference, placed } = line
  if (batchReference === null) {
    return draft(product).record({ type: 'BackorderCancelled', orderId, sku, quantity }).accepted()
  }
  const eta = stateOf(product, batchReference).eta
  return draft(product)
    .record({
      type: 'LineDeallocated',
      orderId,
      sku,
      quantity,
      batchReference,
      eta,
      cause: 'REQUESTED',
      placed,
    })
    .serveWaiting()
    .accepted()
}

/** The events of one decision, and the product as they leave it. */
class Draft {
  readonly #circumstances: Circumstances
  readonly #events: RecordedEvent[] = []
  #product: Product

  constructor(product: Product, circumstances: Circumstances) {
    this.#product = product
    this.#circumstances = circumstances
  }

  record(event: Event): this {
    const { next, now: recordedAt, commandId } = this.#circumstances
    const position = (next + BigInt(this.#events.length)) as LogPosition
    const recorded: RecordedEvent = { position, recordedAt, commandId, event }
    this.#events.push(recorded)
    this.#product = evolve(this.#product, recorded)
    return this
  }

  /** Gives stock to the lines that wait for it; those that lost theirs just now and get none are backordered. */
  serveWaiting(): this {
    for (const { orderId, sku, quantity } of this.#product.waiting) {
      const batch = firstThatHolds(this.#product, quantity)
      if (batch !== undefined) {
        const { reference: batchReference, eta } = batch
        this.record({ type: 'LineAllocated', orderId, sku, quantity, batchReference, eta })
      }
    }
    const waiting = new Set(this.#product.waiting.map((line) => line.orderId))
    for (const { event } of this.#events.filter(({ event }) => event.type === 'LineDeallocated')) {
      if (!('orderId' in event) || !waiting.has(event.orderId)) continue
      const { orderId, sku, quantity } = event
      this.record({ type: 'LineBackordered', orderId, sku, quantity })
    }
    return this
  }

  accepted(batchReference: BatchReference | null = null): Accepted {
    return { status: 'accepted', events: this.#events, batchReference }
  }
}

const rejected = (rejection: Rejection): Rejected => ({ status: 'rejected', rejection })

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

function newestFirst(stock: Stock, reference: BatchReference): Line[] {
  const lines = [...stock.lines.values()].filter((line) => line.batchReference === reference)
  return lines.toSorted((a, b) => (a.placed > b.placed ? -1 : 1))
}
