/**
 * One transaction's work in memory: what is known of the stock while commands are decided one after another,
 * and what has not been written yet. Lives as long as the transaction.
 */
import { lineKey } from '../domain/decide.ts'
import type { LineKey, Stock } from '../domain/decide.ts'
import type { RecordedEvent } from '../domain/messages.ts'
import { batchOf, emptyProduct, evolve, evolveLine } from '../domain/product.ts'
import type { Batch, Line, Product } from '../domain/product.ts'
import type { BatchReference, CommandId, LogPosition, OrderId, Sku } from '../domain/values.ts'
import type { Receipt } from './receipt.ts'

/** Rows to write, all of one partition. */
export interface Changes {
  readonly events: readonly RecordedEvent[]
  readonly batches: readonly Batch[]
  readonly lines: readonly Line[]
  readonly removedLines: readonly { orderId: OrderId; sku: Sku }[]
  readonly receipts: readonly Receipt[]
}

export class Unit implements Stock {
  readonly products = new Map<Sku, Product>()
  readonly skuOf = new Map<BatchReference, Sku>()
  readonly lines = new Map<LineKey, Line>()
  /** All that was recorded in this transaction. */
  readonly events: RecordedEvent[] = []
  /** Position of the last event. */
  head: LogPosition
  readonly #receipts = new Map<CommandId, Receipt>()

  #newEvents: RecordedEvent[] = []
  #newReceipts: Receipt[] = []

  constructor(head: LogPosition) {
    this.head = head
  }

  get nextPosition(): LogPosition {
    return (this.head + 1n) as LogPosition
  }

  know(found: { products?: Product[]; lines?: Line[]; receipts?: Receipt[] }): void {
    for (const product of found.products ?? []) this.products.set(product.sku, product)
    for (const line of found.lines ?? []) this.lines.set(lineKey(line.orderId, line.sku), line)
    for (const receipt of found.receipts ?? []) this.#receipts.set(receipt.commandId, receipt)
  }

  receipt(id: CommandId): Receipt | undefined {
    return this.#receipts.get(id)
  }

  keepReceipt(receipt: Receipt): void {
    this.#receipts.set(receipt.commandId, receipt)
    this.#newReceipts.push(receipt)
  }

  apply(events: readonly RecordedEvent[]): void {
    for (const recorded of events) {
      const { event, position } = recorded
      const product = this.products.get(event.sku) ?? emptyProduct(event.sku)
      this.products.set(event.sku, evolve(product, recorded))
      if (event.type === 'BatchCreated') this.skuOf.set(event.reference, event.sku)
      if ('orderId' in event) {
        const key = lineKey(event.orderId, event.sku)
        // A line that waits comes with its product; no command needs to have named it.
        const known = this.lines.get(key) ?? product.waiting.find(({ orderId }) => orderId === event.orderId)
        const line = evolveLine(known, recorded)
        if (line === undefined) this.lines.delete(key)
        else this.lines.set(key, line)
      }
      this.head = position
      this.events.push(recorded)
      this.#newEvents.push(recorded)
    }
  }

  /** What has come since the last time, as rows. */
  takeChanges(): Changes {
    const batches = new Map<BatchReference, Batch>()
    const lines = new Map<LineKey, Line>()
    const removedLines = new Map<LineKey, { orderId: OrderId; sku: Sku }>()
    for (const { event } of this.#newEvents) {
      const reference = batchOf(event)
      if (reference !== null && !batches.has(reference)) {
        const batch = this.products
          .get(event.sku)
          ?.batches.find((candidate) => candidate.reference === reference)
        if (batch !== undefined) batches.set(reference, batch)
      }
      if ('orderId' in event) {
        const key = lineKey(event.orderId, event.sku)
        const line = this.lines.get(key)
        if (line === undefined) removedLines.set(key, { orderId: event.orderId, sku: event.sku })
        else lines.set(key, line)
      }
    }
    const changes: Changes = {
      events: this.#newEvents,
      batches: [...batches.values()],
      lines: [...lines.values()],
      removedLines: [...removedLines.values()],
      receipts: this.#newReceipts,
    }
    this.#newEvents = []
    this.#newReceipts = []
    return changes
  }
}
