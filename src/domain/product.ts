/**
 * The product aggregate holds its batches as counters. It holds no order lines, neither allocated nor waiting ones, so a
 * product with a million lines needs no more memory than a new one.
 *
 * All state is immutable: `evolve` returns a new state that shares the unchanged parts.
 */
import { isLineEvent, kindOf } from './events.ts'
import type { RecordedEvent } from './events.ts'
import type { BatchChange } from './events/event-kind.ts'
import { compareEta } from './promise.ts'
import type { BatchReference, CalendarDate, LogPosition, OrderId, Quantity, Sku } from './values.ts'

export interface Product {
  readonly sku: Sku
  /** In the order in which stock is allocated. */
  readonly batches: readonly Batch[]
  /** A lower bound of the waiting lines' quantities: it may be too low, never too high. Null if no line waits. */
  readonly leastWaiting: number | null
}

export interface Batch {
  readonly reference: BatchReference
  readonly sku: Sku
  readonly eta: CalendarDate | null
  readonly quantity: number
  readonly allocated: number
  /** Position of the last event that concerned this batch. */
  readonly version: LogPosition
}

/** An order line that has been accepted. */
export interface Line {
  readonly orderId: OrderId
  readonly sku: Sku
  readonly quantity: Quantity
  /** Null while the line waits for stock. */
  readonly batchReference: BatchReference | null
  /** The log position at which the line was first allocated. It never changes and is the line's position in every queue. */
  readonly placed: LogPosition
}

export const emptyProduct = (sku: Sku): Product => ({
  sku,
  batches: [],
  leastWaiting: null,
})

export const available = (batch: Batch): number => batch.quantity - batch.allocated

/** The total units of all of a product's batches, allocated ones included. */
export const purchased = (product: Product): number =>
  product.batches.reduce((sum, batch) => sum + batch.quantity, 0)

/** @throws Error if the product has no such batch */
export function batchIn(product: Product, reference: BatchReference): Batch {
  const batch = product.batches.find((candidate) => candidate.reference === reference)
  if (batch === undefined) throw new Error(`Product ${product.sku} has no batch ${reference}.`)
  return batch
}

/** Orders batches by warehouse before incoming, then by ETA, then by reference. */
export function compareBatches(
  a: Pick<Batch, 'eta' | 'reference'>,
  b: Pick<Batch, 'eta' | 'reference'>,
): number {
  return compareEta(a.eta, b.eta) || (a.reference < b.reference ? -1 : a.reference > b.reference ? 1 : 0)
}

export function evolve(product: Product, { position, event }: RecordedEvent): Product {
  const { batchChange, displaces } = kindOf(event)
  const change = batchChange(event)
  const { sku, leastWaiting } = product
  const batches = change === null ? product.batches : withChange(product, change, position)
  if (!isLineEvent(event) || displaces?.(event) !== true) return { sku, batches, leastWaiting }
  return { sku, batches, leastWaiting: Math.min(leastWaiting ?? event.quantity, event.quantity) }
}

/** The line after an event that concerns it; undefined if the event removes it. */
export function evolveLine(line: Line | undefined, { position, event }: RecordedEvent): Line | undefined {
  const { lineAfter } = kindOf(event)
  return lineAfter === undefined ? line : lineAfter(event, line, position)
}

/**
 * The batch after a change.
 *
 * @param batch undefined before the change that creates it
 */
export function evolveBatch(
  batch: Batch | undefined,
  sku: Sku,
  { reference, eta, purchased, allocated, isNew }: BatchChange,
  version: LogPosition,
): Batch {
  if (isNew) return { reference, sku, eta, quantity: purchased, allocated, version }
  if (batch === undefined) throw new Error(`Product ${sku} has no batch ${reference}.`)
  const { quantity, allocated: before } = batch
  return {
    reference,
    sku,
    eta: batch.eta,
    quantity: quantity + purchased,
    allocated: before + allocated,
    version,
  }
}

function withChange({ sku, batches }: Product, change: BatchChange, position: LogPosition): readonly Batch[] {
  const at = batches.findIndex(({ reference }) => reference === change.reference)
  const batch = evolveBatch(batches[at], sku, change, position)
  return change.isNew ? [...batches, batch].toSorted(compareBatches) : batches.with(at, batch)
}
