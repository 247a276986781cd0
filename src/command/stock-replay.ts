/** The write side's tables as the log alone would have them, to be compared with those that there are. */
import { asc, gt, sql } from 'drizzle-orm'
import type { RecordedEvent } from '../domain/messages.ts'
import { lineKey } from '../domain/decide.ts'
import type { LineKey } from '../domain/decide.ts'
import { batchOf, emptyProduct, evolve, evolveLine } from '../domain/product.ts'
import type { Line, Product } from '../domain/product.ts'
import type { BatchReference, CommandId, Sku } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { allocations, batches } from './tables.ts'

const PAGE_ROWS = 10_000

export class StockReplay {
  /** Each command that left a batch with more allocated than it has, or less than nothing. */
  readonly oversold: string[] = []
  readonly #products = new Map<Sku, Product & { readonly partition: Partition }>()
  readonly #lines = new Map<LineKey, Line & { readonly partition: Partition }>()

  readonly #touched = new Map<BatchReference, Sku>()
  #command: CommandId | null = null

  get batches(): number {
    let count = 0
    for (const product of this.#products.values()) count += product.batches.length
    return count
  }

  get lines(): number {
    return this.#lines.size
  }

  take(partition: Partition, recorded: RecordedEvent): void {
    const { event, commandId } = recorded
    // A batch that shrinks gives up lines in the events that follow; it must be right once its command is done.
    if (commandId !== this.#command) this.settle()
    this.#command = commandId
    const product = evolve(this.#products.get(event.sku) ?? emptyProduct(event.sku), recorded)
    this.#products.set(event.sku, { ...product, partition })
    const reference = batchOf(event)
    if (reference !== null) this.#touched.set(reference, event.sku)
    if ('orderId' in event) {
      const key = lineKey(event.orderId, event.sku)
      const line = evolveLine(this.#lines.get(key), recorded)
      if (line === undefined) this.#lines.delete(key)
      else this.#lines.set(key, { ...line, partition })
    }
  }

  /** Looks at what the last command left behind. Call once more after the last event. */
  settle(): void {
    for (const [reference, sku] of this.#touched) {
      const batch = this.#products.get(sku)?.batches.find((candidate) => candidate.reference === reference)
      if (batch === undefined || (batch.allocated >= 0 && batch.allocated <= batch.quantity)) continue
      const { allocated, quantity } = batch
      this.oversold.push(
        `command ${this.#command} left batch ${reference} with ${allocated} of ${quantity} allocated`,
      )
    }
    this.#touched.clear()
  }

  /** @returns what differs, in words */
  async compareBatches(db: Database): Promise<string[]> {
    const expected = new Map<BatchReference, string>()
    for (const { batches: own, partition } of this.#products.values()) {
      for (const { reference, sku, eta, quantity, allocated, version } of own) {
        expected.set(reference, describe([partition, sku, eta, quantity, allocated, version]))
      }
    }
    const differences: string[] = []
    for (let after = ''; ;) {
      const page = await db
        .select()
        .from(batches)
        .where(sql`${batches.reference} > ${after}`)
        .orderBy(asc(batches.reference))
        .limit(PAGE_ROWS)
      for (const { reference, partition, sku, eta, quantity, allocated, version } of page) {
        const found = describe([partition, sku, eta, quantity, allocated, version])
        compare(differences, `batch ${reference}`, expected.get(reference), found)
        expected.delete(reference)
      }
      const last = page.at(-1)
      if (last === undefined) break
      after = last.reference
    }
    for (const [reference, batch] of expected) compare(differences, `batch ${reference}`, batch, undefined)
    return differences
  }

  /** @returns what differs, in words */
  async compareLines(db: Database): Promise<string[]> {
    const differences: string[] = []
    const missing = new Set(this.#lines.keys())
    for (let after = ['', '']; ;) {
      const page = await db
        .select()
        .from(allocations)
        .where(gt(sql`(${allocations.orderId}, ${allocations.sku})`, sql`(${after[0]}, ${after[1]})`))
        .orderBy(asc(allocations.orderId), asc(allocations.sku))
        .limit(PAGE_ROWS)
      for (const { orderId, sku, partition, quantity, batchReference, placed } of page) {
        const key = lineKey(orderId, sku)
        const line = this.#lines.get(key)
        const expected = line && describe([line.partition, line.quantity, line.batchReference, line.placed])
        const found = describe([partition, quantity, batchReference, placed])
        compare(differences, `line of order ${orderId} for ${sku}`, expected, found)
        missing.delete(key)
      }
      const last = page.at(-1)
      if (last === undefined) break
      after = [last.orderId, last.sku]
    }
    for (const key of missing) compare(differences, `line ${key.replace('\u001f', ' ')}`, 'there', undefined)
    return differences
  }
}

const describe = (values: readonly unknown[]): string => values.map(String).join(' ')

function compare(
  differences: string[],
  what: string,
  expected: string | undefined,
  found: string | undefined,
): void {
  if (expected !== found)
    differences.push(`${what}: the log says ${expected ?? 'none'}, the table ${found ?? 'none'}`)
}
