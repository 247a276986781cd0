import { and, asc, desc, eq, getTableColumns, inArray, isNull, lt, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { emptyProduct } from '../domain/product.ts'
import { compareBatches } from '../domain/product.ts'
import type { Batch, Line, Product } from '../domain/product.ts'
import type { BatchReference, CommandId, OrderId, Sku } from '../domain/values.ts'
import { pack, packed, packedRows } from '../lib/bulk.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { decodeReceipt } from './receipt.ts'
import type { Receipt } from './receipt.ts'
import { allocations, batches, receipts } from './tables.ts'

/** Reads of one partition's write side, each one statement for any number of keys. */
export interface Loader {
  receipts(ids: readonly CommandId[]): Promise<Receipt[]>
  lines(keys: readonly { orderId: OrderId; sku: Sku }[]): Promise<Line[]>
  /** The products of batches. */
  skusOf(references: readonly BatchReference[]): Promise<{ reference: BatchReference; sku: Sku }[]>
  /** Products that exist, which is those with a batch. */
  products(skus: readonly Sku[]): Promise<Product[]>
  /** The newest lines of a batch, until they hold `units` units or there are no more. */
  newestLines(reference: BatchReference, units: number): Promise<Line[]>
}

const NEWEST_LINES_PAGE = 256

export function createLoader(db: Database, partition: Partition): Loader {
  const inPartition = (table: { partition: PgColumn }) => eq(table.partition, partition)
  const anyOf = (name: string) => sql`any(${packed(name)})`
  const selectReceipts = db
    .select()
    .from(receipts)
    .where(and(inPartition(receipts), sql`${receipts.commandId} = ${anyOf('ids')}`))
    .prepare('load_receipts')
  // One index probe per line. As `in (select …)`, this takes 20 times as long.
  const named = sql`${packedRows('orders', 'skus')} as named(order_id, sku)`
  const selectLines = db
    .select(getTableColumns(allocations))
    .from(named)
    .innerJoin(
      allocations,
      and(
        inPartition(allocations),
        sql`${allocations.orderId} = named.order_id and ${allocations.sku} = named.sku`,
      ),
    )
    .prepare('load_lines')
  const selectSkus = db
    .select({ reference: batches.reference, sku: batches.sku })
    .from(batches)
    .where(and(inPartition(batches), sql`${batches.reference} = ${anyOf('references')}`))
    .prepare('load_skus')
  const selectBatches = db
    .select()
    .from(batches)
    .where(and(inPartition(batches), sql`${batches.sku} = ${anyOf('skus')}`))
    .prepare('load_batches')
  const selectWaiting = db
    .select()
    .from(allocations)
    .where(
      and(
        inPartition(allocations),
        sql`${allocations.sku} = ${anyOf('skus')}`,
        isNull(allocations.batchReference),
      ),
    )
    .orderBy(asc(allocations.placed))
    .prepare('load_waiting')
  const selectNewest = db
    .select()
    .from(allocations)
    .where(
      and(
        inPartition(allocations),
        eq(allocations.batchReference, sql.placeholder('reference')),
        lt(allocations.placed, sql.placeholder('before')),
      ),
    )
    .orderBy(desc(allocations.placed))
    .limit(NEWEST_LINES_PAGE)
    .prepare('load_newest')

  return {
    async receipts(ids) {
      if (ids.length === 0) return []
      return (await selectReceipts.execute({ ids: pack(ids) })).map(decodeReceipt)
    },
    async lines(keys) {
      if (keys.length === 0) return []
      const orders = pack(keys.map((key) => key.orderId))
      const skus = pack(keys.map((key) => key.sku))
      return selectLines.execute({ orders, skus })
    },
    async skusOf(references) {
      if (references.length === 0) return []
      return selectSkus.execute({ references: pack(references) })
    },
    async products(skus) {
      if (skus.length === 0) return []
      const names = { skus: pack(skus) }
      const [found, waiting] = await Promise.all([selectBatches.execute(names), selectWaiting.execute(names)])
      const products = new Map<Sku, { batches: Batch[]; waiting: Line[] }>()
      for (const batch of found) {
        const product = products.get(batch.sku)
        if (product === undefined) products.set(batch.sku, { batches: [batch], waiting: [] })
        else product.batches.push(batch)
      }
      for (const line of waiting) products.get(line.sku)?.waiting.push(line)
      return [...products].map(([sku, product]) => ({
        ...emptyProduct(sku),
        batches: product.batches.toSorted(compareBatches),
        waiting: product.waiting,
      }))
    },
    async newestLines(reference, units) {
      const lines: Line[] = []
      let before = '9223372036854775807'
      for (let known = 0; known < units;) {
        const page = await selectNewest.execute({ reference, before })
        const oldest = page.at(-1)
        if (oldest === undefined) break
        for (const line of page) known += line.quantity
        lines.push(...page)
        before = String(oldest.placed)
      }
      return lines
    },
  }
}

/** Finds a batch's product, in whichever partition it is. */
export function createSkuLookup(
  db: Database,
  partitions: number,
): (reference: BatchReference) => Promise<Sku | undefined> {
  const select = db
    .select({ sku: batches.sku })
    .from(batches)
    .where(
      and(
        inArray(batches.partition, [...Array(partitions).keys()]),
        eq(batches.reference, sql.placeholder('reference')),
      ),
    )
    .prepare('sku_of_batch')
  return async (reference) => (await select.execute({ reference }))[0]?.sku
}
