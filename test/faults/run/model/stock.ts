/**
 * A second, independent model of stock: it is mutable, applies one event at a time, and checks each. It imports nothing from the
 * product.
 */
import type { LoggedEvent } from '../log.ts'

export interface Batch {
  readonly reference: string
  readonly eta: string | null
  quantity: number
  allocated: number
  version: number
}

export interface Line {
  readonly orderId: string
  readonly quantity: number
  /** Null: the line waits. */
  batch: Batch | null
  readonly placed: number
}

export interface Product {
  readonly sku: string
  readonly partition: number
  /** In the order in which they are used. */
  readonly batches: Batch[]
  /** By order. */
  readonly lines: Map<string, Line>
  readonly waiting: Map<string, Line>
}

export const newProduct = (sku: string, partition: number): Product => ({
  sku,
  partition,
  batches: [],
  lines: new Map(),
  waiting: new Map(),
})

const free = ({ quantity, allocated }: Batch): number => quantity - allocated

const firstThatHolds = ({ batches }: Product, units: number): Batch | undefined =>
  batches.find((batch) => free(batch) >= units)

/**
 * Applies the event to the product.
 *
 * @returns why the event is impossible; null if it is possible
 */
export function take(product: Product, { type, data, position, partition }: LoggedEvent): string | null {
  const { batches, lines, waiting } = product
  if (partition !== product.partition)
    return `${product.sku} is in partition ${product.partition} and in ${partition}`
  const batch = batches.find(({ reference }) => reference === (data['reference'] ?? data['batchReference']))
  const line = lines.get(data['orderId'])
  if (batch !== undefined) batch.version = position
  switch (type) {
    case 'BatchCreated': {
      if (batch !== undefined) return `batch ${batch.reference} is there already`
      const { reference, quantity, eta } = data as { reference: string; quantity: number; eta: string | null }
      batches.push({ reference, eta, quantity, allocated: 0, version: position })
      batches.sort((a, b) => (giveAwayKey(a) < giveAwayKey(b) ? -1 : 1))
      return null
    }
    case 'BatchQuantityChanged': {
      if (batch === undefined) return `there is no batch ${data['reference']}`
      const { quantity } = batch
      batch.quantity = data['to']
      return data['from'] === quantity ? null : `the batch had ${quantity} units, not ${data['from']}`
    }
    case 'LineAllocated': {
      if (batch === undefined) return `there is no batch ${data['batchReference']}`
      if (line !== undefined && line.batch !== null)
        return `the line has stock already, of ${line.batch.reference}`
      const first = firstThatHolds(product, data['quantity'])
      batch.allocated += data['quantity']
      const allocated: Line = {
        orderId: data['orderId'],
        quantity: data['quantity'],
        batch,
        placed: line?.placed ?? position,
      }
      lines.set(allocated.orderId, allocated)
      waiting.delete(allocated.orderId)
      if (line !== undefined && line.quantity !== data['quantity']) return `the line was of ${line.quantity}`
      return first === batch
        ? null
        : `the first batch with so many units is ${first?.reference ?? 'none'}; ${batch.reference} had ${free(batch) + data['quantity']}`
    }
    case 'LineDeallocated': {
      if (batch === undefined || line?.batch !== batch)
        return `the line's stock is of ${line?.batch?.reference ?? 'no batch'}`
      batch.allocated -= data['quantity']
      if (data['cause'] === 'REQUESTED') lines.delete(line.orderId)
      else waiting.set(line.orderId, line)
      line.batch = null
      return line.quantity === data['quantity'] && Number(data['placed']) === line.placed
        ? null
        : `the line was of ${line.quantity}, placed ${line.placed}`
    }
    case 'LineBackordered':
      return line !== undefined && line.batch === null ? null : 'the line does not wait'
    case 'BackorderCancelled':
      lines.delete(data['orderId'])
      return waiting.delete(data['orderId']) ? null : 'the line does not wait'
    default:
      return `no such type of event is known`
  }
}

/** Orders batches: warehouse first, then by arrival, then by reference. */
const giveAwayKey = ({ eta, reference }: Batch): string => `${eta ?? ''} ${reference}`

/** @returns which rule the product breaks after a command; null if none */
export function unsound(product: Product): { rule: string; evidence: string } | null {
  for (const { reference, allocated, quantity } of product.batches) {
    if (allocated < 0 || allocated > quantity)
      return {
        rule: 'never oversold',
        evidence: `batch ${reference} has ${allocated} of ${quantity} allocated`,
      }
  }
  for (const { orderId, quantity } of product.waiting.values()) {
    const batch = firstThatHolds(product, quantity)
    if (batch !== undefined) {
      return {
        rule: 'no line waits for stock that is available',
        evidence: `${orderId} waits for ${quantity} of ${product.sku}, and ${batch.reference} has ${free(batch)}`,
      }
    }
  }
  return null
}
