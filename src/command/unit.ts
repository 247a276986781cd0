/**
 * One transaction's work in memory: what is known of the stock while commands are decided one after another, and what has not
 * been written yet. Lives as long as the transaction.
 */
import type { Accepted } from '../domain/decision.ts'
import type { RecordedEvent } from '../domain/events.ts'
import type { Batch, Line, Product } from '../domain/product.ts'
import { lineKey } from '../domain/stock.ts'
import type { KnownLines, LineKey, LinesNeeded, Stock } from '../domain/stock.ts'
import type { BatchReference, CommandId, LogPosition, Sku } from '../domain/values.ts'
import type { Receipt } from './receipt.ts'

/** Rows to write, all of one partition. */
export interface Changes {
  readonly batches: readonly Batch[]
  /** The batches that these take the places of, as they were written last. */
  readonly replacedBatches: readonly Batch[]
  /** By key; null: to be deleted. */
  readonly lines: ReadonlyMap<LineKey, Line | null>
  readonly receipts: readonly Receipt[]
}

const NOT_LOADED: KnownLines = { lines: [], complete: false }

export class Unit implements Stock {
  readonly products = new Map<Sku, Product>()
  readonly skuOf = new Map<BatchReference, Sku>()
  /** The products that may use these references for new batches. */
  readonly claims = new Map<BatchReference, Sku>()
  readonly lines = new Map<LineKey, Line>()
  /** All that was recorded in this transaction. */
  readonly events: RecordedEvent[] = []
  /** Position of the last event. */
  head: LogPosition
  readonly #receipts = new Map<CommandId, Receipt>()
  /** Lines that the command in hand may move. They are loaded for it, and forgotten after it. */
  readonly #newest = new Map<BatchReference, KnownLines>()
  readonly #waiting = new Map<Sku, KnownLines>()

  /** As they are in the table. */
  readonly #writtenBatches = new Map<BatchReference, Batch>()
  #newBatches = new Map<BatchReference, Batch>()
  #newLines = new Map<LineKey, Line | null>()
  #newReceipts: Receipt[] = []

  constructor(head: LogPosition) {
    this.head = head
  }

  get nextPosition(): LogPosition {
    return (this.head + 1n) as LogPosition
  }

  mayUse(reference: BatchReference, sku: Sku): boolean {
    return this.claims.get(reference) === sku
  }

  newestLines(reference: BatchReference): KnownLines {
    return this.#newest.get(reference) ?? NOT_LOADED
  }

  waitingLines(sku: Sku): KnownLines {
    return this.#waiting.get(sku) ?? NOT_LOADED
  }

  /** How many lines of this kind have been loaded for the command in hand. */
  loaded(needs: LinesNeeded): number {
    return (needs.of === 'batch' ? this.newestLines(needs.reference) : this.waitingLines(needs.sku)).lines
      .length
  }

  know(found: { products?: Product[]; lines?: Line[]; receipts?: Receipt[] }): void {
    for (const product of found.products ?? []) {
      this.products.set(product.sku, product)
      for (const batch of product.batches) this.#writtenBatches.set(batch.reference, batch)
    }
    for (const line of found.lines ?? []) this.lines.set(lineKey(line.orderId, line.sku), line)
    for (const receipt of found.receipts ?? []) this.#receipts.set(receipt.commandId, receipt)
  }

  knowNewest(reference: BatchReference, lines: KnownLines): void {
    this.#newest.set(reference, lines)
  }

  /**
   * @param more the lines that follow on those which are known
   * @param least what the product's waiting lines ask for at the least; null if there are none
   */
  knowMoreWaiting(sku: Sku, more: KnownLines, least: number | null): void {
    this.#waiting.set(sku, { ...more, lines: [...this.waitingLines(sku).lines, ...more.lines] })
    const product = this.products.get(sku)
    if (product !== undefined) this.products.set(sku, { ...product, leastWaiting: least })
  }

  receipt(id: CommandId): Receipt | undefined {
    return this.#receipts.get(id)
  }

  keepReceipt(receipt: Receipt): void {
    this.#receipts.set(receipt.commandId, receipt)
    this.#newReceipts.push(receipt)
    this.#newest.clear()
    this.#waiting.clear()
  }

  apply({ events, product, lines }: Accepted): void {
    const { head } = this
    this.products.set(product.sku, product)
    for (const batch of product.batches) {
      if (batch.version <= head) continue
      this.#newBatches.set(batch.reference, batch)
      this.skuOf.set(batch.reference, product.sku)
    }
    for (const [key, line] of lines) {
      this.#newLines.set(key, line)
      if (line === null) this.lines.delete(key)
      else this.lines.set(key, line)
    }
    for (const recorded of events) {
      this.events.push(recorded)
      this.head = recorded.position
    }
  }

  /** What has come since the last time, as rows. */
  takeChanges(): Changes {
    const batches = [...this.#newBatches.values()]
    const changes: Changes = {
      batches,
      replacedBatches: batches.flatMap(({ reference }) => this.#writtenBatches.get(reference) ?? []),
      lines: this.#newLines,
      receipts: this.#newReceipts,
    }
    for (const batch of batches) this.#writtenBatches.set(batch.reference, batch)
    this.#newBatches = new Map()
    this.#newLines = new Map()
    this.#newReceipts = []
    return changes
  }
}
