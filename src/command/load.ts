import { and, asc, desc, eq, getTableColumns, gt, inArray, isNull, lt, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { compareBatches } from '../domain/product.ts'
import type { Line, Product } from '../domain/product.ts'
import type { LoadedLines } from '../domain/stock.ts'
import type { BatchReference, CommandId, LogPosition, OrderId, Sku } from '../domain/values.ts'
import { pack, packed, packedRows } from '../lib/bulk.ts'
import { groupBy } from '../lib/group-by.ts'
import type { Database } from '../lib/postgres.ts'
import { allPartitions } from '../log/partition.ts'
import type { Partition } from '../log/partition.ts'
import { decodeReceipt } from './receipt.ts'
import type { Receipt } from './receipt.ts'
import { allocations, batches, receipts } from './tables.ts'

/** Reads one partition's tables of the write side, with one statement for any number of keys. */
export interface Loader {
  receipts(ids: readonly CommandId[]): Promise<Receipt[]>
  lines(keys: readonly { orderId: OrderId; sku: Sku }[]): Promise<Line[]>
  /** The products of batches. */
  skusOf(references: readonly BatchReference[]): Promise<{ reference: BatchReference; sku: Sku }[]>
  /** The products that exist, which are those with a batch. */
  products(skus: readonly Sku[]): Promise<Product[]>
  /** The newest lines of a batch, until they hold `units` units, but at most `limit` lines. */
  newestLines(reference: BatchReference, units: number, limit: number): Promise<LoadedLines>
  /** The first `limit` waiting lines of a product behind the queue position `after` that ask for at most `atMost` units. */
  waitingLines(sku: Sku, atMost: number, after: LogPosition, limit: number): Promise<LoadedLines>
  /** The smallest quantity of a product's waiting lines; null if no line waits. */
  leastWaiting(sku: Sku): Promise<number | null>
}

const FIRST_PAGE_ROWS = 256
const MAX_PAGE_ROWS = 8192

export function createLoader(db: Database, partition: Partition): Loader {
  const inPartition = (table: { partition: PgColumn }) => eq(table.partition, partition)
  // A lateral subquery makes one index probe per key. With a join or `in`, Postgres could scan the whole partition.
  const receipt = db
    .select()
    .from(receipts)
    .where(and(inPartition(receipts), sql`${receipts.commandId} = wanted.id`))
    .limit(1)
    .as('receipt')
  const selectReceipts = db
    .select({ ...getTableColumns(receipts), ...receipt._.selectedFields })
    .from(sql`unnest(${packed('ids')}) as wanted(id)`)
    .crossJoinLateral(receipt)
    .prepare('load_receipts')
  const line = db
    .select()
    .from(allocations)
    .where(
      and(
        inPartition(allocations),
        sql`${allocations.orderId} = wanted.order_id and ${allocations.sku} = wanted.sku`,
      ),
    )
    .limit(1)
    .as('line')
  const selectLines = db
    .select({ ...getTableColumns(allocations), ...line._.selectedFields })
    .from(sql`${packedRows('orders', 'skus')} as wanted(order_id, sku)`)
    .crossJoinLateral(line)
    .prepare('load_lines')
  const batch = db
    .select({ reference: batches.reference, sku: batches.sku })
    .from(batches)
    .where(and(inPartition(batches), sql`${batches.reference} = wanted.reference`))
    .limit(1)
    .as('batch')
  const selectSkus = db
    .select({ reference: batch.reference, sku: batch.sku })
    .from(sql`unnest(${packed('references')}) as wanted(reference)`)
    .crossJoinLateral(batch)
    .prepare('load_skus')
  const selectBatches = db
    .select()
    .from(batches)
    .where(and(inPartition(batches), sql`${batches.sku} = any(${packed('skus')})`))
    .prepare('load_batches')
  // One index probe per product suffices, however many lines wait.
  const selectLeastWaiting = db
    .select({ sku: sql<Sku>`wanted.sku`, quantity: sql<number>`least.quantity` })
    .from(sql`unnest(${packed('skus')}) as wanted(sku)`)
    .crossJoinLateral(
      sql`(select quantity from ${allocations} where ${inPartition(allocations)}
        and ${allocations.sku} = wanted.sku and ${allocations.batchReference} is null
        order by ${allocations.quantity} limit 1) as least`,
    )
    .prepare('load_least_waiting')
  const selectWaiting = db
    .select()
    .from(allocations)
    .where(
      and(
        inPartition(allocations),
        eq(allocations.sku, sql.placeholder('sku')),
        isNull(allocations.batchReference),
        // The sum stops Postgres from using the index by quantity, because it would then have to sort all the rows it finds.
        sql`${allocations.quantity} + 0 <= ${sql.placeholder('atMost')}`,
        gt(allocations.placed, sql.placeholder('after')),
      ),
    )
    .orderBy(asc(allocations.placed))
    .limit(sql.placeholder('rows'))
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
    .limit(sql.placeholder('rows'))
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
      const [found, waiting] = await Promise.all([
        selectBatches.execute(names),
        selectLeastWaiting.execute(names),
      ])
      const least = new Map(waiting.map(({ sku, quantity }) => [sku, quantity]))
      return [...groupBy(found, ({ sku }) => sku)].map(([sku, own]) => ({
        sku,
        batches: own.toSorted(compareBatches),
        leastWaiting: least.get(sku) ?? null,
      }))
    },
    newestLines(reference, units, limit) {
      let left = units
      let before = '9223372036854775807'
      return inPages(limit, async (rows) => {
        if (left <= 0) return []
        const page = await selectNewest.execute({ reference, before, rows })
        before = String(page.at(-1)?.placed)
        for (const line of page) left -= line.quantity
        return page
      })
    },
    waitingLines(sku, atMost, start, limit) {
      let after = String(start)
      return inPages(limit, async (rows) => {
        const page = await selectWaiting.execute({ sku, atMost, after, rows })
        after = String(page.at(-1)?.placed)
        return page
      })
    },
    leastWaiting: async (sku) =>
      (await selectLeastWaiting.execute({ skus: pack([sku]) }))[0]?.quantity ?? null,
  }
}

/** Reads up to `limit` lines in pages of growing size: few lines are cheap, and many lines need few statements. */
async function inPages(limit: number, next: (rows: number) => Promise<Line[]>): Promise<LoadedLines> {
  const lines: Line[] = []
  for (let rows = FIRST_PAGE_ROWS; lines.length < limit; rows = Math.min(rows * 4, MAX_PAGE_ROWS)) {
    const wanted = Math.min(rows, limit - lines.length)
    const page = await next(wanted)
    for (const line of page) lines.push(line)
    if (page.length < wanted) return { lines, complete: true }
  }
  return { lines, complete: false }
}

/** Creates the function that finds the partition in which a command was answered. */
export function createReceiptLookup(
  db: Database,
  partitions: number,
): (id: CommandId) => Promise<Partition | undefined> {
  const select = db
    .select({ partition: receipts.partition })
    .from(receipts)
    .where(
      and(
        inArray(receipts.partition, allPartitions(partitions)),
        eq(receipts.commandId, sql.placeholder('id')),
      ),
    )
    .limit(1)
    .prepare('partition_of_receipt')
  return async (id) => (await select.execute({ id }))[0]?.partition
}

/** Creates the function that finds the product of a batch in any partition. */
export function createSkuLookup(
  db: Database,
  partitions: number,
): (reference: BatchReference) => Promise<Sku | undefined> {
  const select = db
    .select({ sku: batches.sku })
    .from(batches)
    .where(
      and(
        inArray(batches.partition, allPartitions(partitions)),
        eq(batches.reference, sql.placeholder('reference')),
      ),
    )
    .prepare('sku_of_batch')
  return async (reference) => (await select.execute({ reference }))[0]?.sku
}
