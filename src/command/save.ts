import { and, eq, sql } from 'drizzle-orm'
import { parseLineKey } from '../domain/stock.ts'
import { pack, packedRows, prepareInsert, prepareReplace } from '../lib/bulk.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { encodeReceipt } from './receipt.ts'
import { allocations, batches, receipts } from './tables.ts'
import type { Changes } from './unit-of-work.ts'

/** Writes the changed rows of a partition, with one statement per table, all sent together. */
export type Save = (partition: Partition, changes: Changes, now: Date) => Promise<void>

export function createSave(db: Database): Save {
  const replaceBatches = prepareReplace(db, batches, {
    partition: batches.partition,
    key: batches.reference,
    version: batches.version,
  })
  const insertBatches = prepareInsert(db, batches)
  const upsertLines = prepareInsert(db, allocations, [
    allocations.partition,
    allocations.orderId,
    allocations.sku,
  ])
  const insertReceipts = prepareInsert(db, receipts)
  const deleteLines = db
    .delete(allocations)
    .where(
      and(
        eq(allocations.partition, sql.placeholder('partition')),
        sql`(${allocations.orderId}, ${allocations.sku}) in (select * from ${packedRows('orders', 'skus')})`,
      ),
    )
    .prepare('delete_lines')

  return async (partition, changes, now) => {
    const present = [...changes.lines.values()].filter((line) => line !== null)
    const gone = [...changes.lines].flatMap(([key, line]) => (line === null ? [parseLineKey(key)] : []))
    const writes = [
      replaceBatches(
        partition,
        changes.replacedBatches.map(({ reference, version }) => [reference, version]),
      ),
      insertBatches(changes.batches.map((batch) => ({ partition, ...batch }))),
      upsertLines(present.map((line) => ({ partition, ...line }))),
      insertReceipts(changes.receipts.map((receipt) => encodeReceipt(receipt, partition, now))),
    ]
    if (gone.length > 0) {
      const orders = pack(gone.map(([orderId]) => orderId))
      const skus = pack(gone.map(([, sku]) => sku))
      writes.push(deleteLines.execute({ partition, orders, skus }).then(() => {}))
    }
    await Promise.all(writes)
  }
}
