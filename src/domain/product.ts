/**
 * The product aggregate: its batches, as counters. It never holds order lines, whether they are allocated or waiting, so a
 * product with a million of them is as light as a new one.
 *
 * Everything is immutable: `evolve` returns a new state and shares what did not change.
 */
import type { Event, RecordedEvent } from './messages.ts'
import { compareEta } from './promise.ts'
import type { BatchReference, CalendarDate, LogPosition, OrderId, Quantity, Sku } from './values.ts'

export interface Product {
  readonly sku: Sku
  /** In the order in which stock is given away. */
  readonly batches: readonly Batch[]
  /** No waiting line asks for less than this; null if no line waits. A lower bound, so it may be too low, never too high. */
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
  /** null: it waits for stock. */
  readonly batchReference: BatchReference | null
  /** Position at which it was first allocated: its place in every queue, for as long as it lives. */
  readonly placed: LogPosition
}

export const emptyProduct = (sku: Sku): Product => ({
  sku,
  batches: [],
  leastWaiting: null,
})

export const available = (batch: Batch): number => batch.quantity - batch.allocated

/** Warehouse stock first, then the earliest ETA, then the reference. */
export function compareBatches(a: Batch, b: Batch): number {
  return compareEta(a.eta, b.eta) || (a.reference < b.reference ? -1 : a.reference > b.reference ? 1 : 0)
}

export function evolve(product: Product, { position, event }: RecordedEvent): Product {
  switch (event.type) {
    case 'BatchCreated': {
      const { reference, sku, quantity, eta } = event
      const batch: Batch = { reference, sku, eta, quantity, allocated: 0, version: position }
      return { ...product, batches: [...product.batches, batch].toSorted(compareBatches) }
    }
    case 'BatchQuantityChanged':
      return withBatch(product, event.reference, (batch) => ({
        ...batch,
        quantity: event.to,
        version: position,
      }))
    case 'LineAllocated':
      return withBatch(product, event.batchReference, (batch) => ({
        ...batch,
        allocated: batch.allocated + event.quantity,
        version: position,
      }))
    case 'LineDeallocated': {
      const freed = withBatch(product, event.batchReference, (batch) => ({
        ...batch,
        allocated: batch.allocated - event.quantity,
        version: position,
      }))
      if (event.cause === 'REQUESTED') return freed
      return { ...freed, leastWaiting: Math.min(freed.leastWaiting ?? event.quantity, event.quantity) }
    }
    case 'LineBackordered':
    case 'BackorderCancelled':
      return product
    default:
      return event satisfies never
  }
}

/** The line of an order, after an event that concerns it; undefined when there is none any more. */
export function evolveLine(line: Line | undefined, { position, event }: RecordedEvent): Line | undefined {
  switch (event.type) {
    case 'LineAllocated': {
      const { orderId, sku, quantity, batchReference } = event
      return { orderId, sku, quantity, batchReference, placed: line?.placed ?? position }
    }
    case 'LineDeallocated': {
      if (event.cause === 'REQUESTED') return undefined
      const { orderId, sku, quantity, placed } = event
      return { orderId, sku, quantity, batchReference: null, placed }
    }
    case 'BackorderCancelled':
      return undefined
    case 'LineBackordered':
    case 'BatchCreated':
    case 'BatchQuantityChanged':
      return line
    default:
      return event satisfies never
  }
}

/** The batch that an event concerns, if it concerns one. */
export function batchOf(event: Event): BatchReference | null {
  switch (event.type) {
    case 'BatchCreated':
    case 'BatchQuantityChanged':
      return event.reference
    case 'LineAllocated':
    case 'LineDeallocated':
      return event.batchReference
    case 'LineBackordered':
    case 'BackorderCancelled':
      return null
    default:
      return event satisfies never
  }
}

function withBatch(product: Product, reference: BatchReference, change: (batch: Batch) => Batch): Product {
  const at = product.batches.findIndex((batch) => batch.reference === reference)
  const batch = product.batches[at]
  if (batch === undefined) throw new Error(`Product ${product.sku} has no batch ${reference}.`)
  return { ...product, batches: product.batches.with(at, change(batch)) }
}
