/**
 * The state of one transaction in memory: the stock that has been loaded, with the effects of the commands decided so far, and
 * the changes that have not been written yet.
 */
import type { Accepted } from '../domain/decision.ts'
import type { RecordedEvent } from '../domain/events.ts'
import type { Batch, Line, Product } from '../domain/product.ts'
import { lineKey } from '../domain/stock.ts'
import type { LoadedLines, LineKey, LinesNeeded, Stock } from '../domain/stock.ts'
import type { BatchReference, CommandId, LogPosition, Sku } from '../domain/values.ts'
import type { Receipt } from './receipt.ts'

/** The rows of one partition that a save writes. */
export interface Changes {
  readonly batches: readonly Batch[]
  /** The versions of these batches that are in the table and must be deleted. */
  readonly replacedBatches: readonly Batch[]
  /** By key; null for a line that must be deleted. */
  readonly lines: ReadonlyMap<LineKey, Line | null>
  readonly receipts: readonly Receipt[]
}

const NOT_LOADED: LoadedLines = { lines: [], complete: false }

export class UnitOfWork implements Stock {
  readonly products = new Map<Sku, Product>()
  readonly skuOf = new Map<BatchReference, Sku>()
  /** The product that may use each of these references for a new batch. */
  readonly claims = new Map<BatchReference, Sku>()
  readonly lines = new Map<LineKey, Line>()
  /** All events of this transaction. */
  readonly events: RecordedEvent[] = []
  /** The position of the last event. */
  head: LogPosition
  readonly #receipts = new Map<CommandId, Receipt>()
  /** Lines that the current command may move. They are loaded for it and cleared after it. */
  readonly #newest = new Map<BatchReference, LoadedLines>()
  readonly #waiting = new Map<Sku, LoadedLines>()

  /** The batches as they are in the table. */
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

  newestLines(reference: BatchReference): LoadedLines {
    return this.#newest.get(reference) ?? NOT_LOADED
  }

  waitingLines(sku: Sku): LoadedLines {
    return this.#waiting.get(sku) ?? NOT_LOADED
  }

  /** How many lines of this kind have been loaded for the current command. */
  countLoaded(needs: LinesNeeded): number {
    return (needs.of === 'batch' ? this.newestLines(needs.reference) : this.waitingLines(needs.sku)).lines
      .length
  }

  add(found: { products?: Product[]; lines?: Line[]; receipts?: Receipt[] }): void {
    for (const product of found.products ?? []) {
      this.products.set(product.sku, product)
      for (const batch of product.batches) this.#writtenBatches.set(batch.reference, batch)
    }
    for (const line of found.lines ?? []) this.lines.set(lineKey(line.orderId, line.sku), line)
    for (const receipt of found.receipts ?? []) this.#receipts.set(receipt.commandId, receipt)
  }

  setNewestLines(reference: BatchReference, lines: LoadedLines): void {
    this.#newest.set(reference, lines)
  }

  /**
   * @param more the waiting lines that follow the ones already loaded
   * @param least the smallest quantity of the product's waiting lines; null if no line waits
   */
  addWaitingLines(sku: Sku, more: LoadedLines, least: number | null): void {
    this.#waiting.set(sku, { ...more, lines: [...this.waitingLines(sku).lines, ...more.lines] })
    const product = this.products.get(sku)
    if (product !== undefined) this.products.set(sku, { ...product, leastWaiting: least })
  }

  receipt(id: CommandId): Receipt | undefined {
    return this.#receipts.get(id)
  }

  addReceipt(receipt: Receipt): void {
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

  /** The changes since the last call, as rows. */
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
