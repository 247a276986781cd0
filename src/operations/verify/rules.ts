/** Checks rules between the rows of the stock tables that hold after every command. */
import { sql } from 'drizzle-orm'
import { homeOf } from '../../command/claims.ts'
import { MAX_QUANTITY } from '../../domain/values.ts'
import type { BatchReference } from '../../domain/values.ts'
import type { Database } from '../../lib/postgres.ts'
import type { Partition } from '../../log/partition.ts'
import { intArray } from '../../lib/bulk.ts'
import { allPartitions } from '../../log/partition.ts'
import { checked } from './check.ts'
import type { Check } from './check.ts'

const CHUNK_ROWS = 5000

/** @param partitions all partitions of the log */
export async function checkRules(db: Database, partitions: readonly Partition[]): Promise<Check[]> {
  const idle: string[] = []
  const tooMany: string[] = []
  const unclaimed: string[] = []
  for (const partition of partitions) {
    await checkProducts(db, partition, idle, tooMany)
    unclaimed.push(...(await checkClaims(db, partition, partitions.length)))
  }
  return [
    checked(
      'No line waits for stock that is available.',
      idle,
      'checked with the smallest waiting line of each product',
    ),
    checked('No product is over the limit.', tooMany, `at most ${MAX_QUANTITY} units in all its batches`),
    checked('Every batch has a claim to its reference.', unclaimed, 'in the home partition of the reference'),
  ]
}

async function checkProducts(db: Database, partition: Partition, idle: string[], tooMany: string[]) {
  for (let after = ''; ;) {
    const [end] = await db.execute<{ sku: string }>(
      sql`select sku from stock.batches where partition = ${partition} and sku > ${after}
        order by sku offset ${CHUNK_ROWS - 1} limit 1`,
    )
    const upTo = end === undefined ? sql`` : sql`and sku <= ${end.sku}`
    const rows = await db.execute<{
      sku: string
      free: number
      total: string
      waits: number | null
      order: string | null
    }>(
      sql`select b.sku, b.free, b.total::text, w.quantity as waits, w.order_id as "order"
        from (
          select sku, max(quantity - allocated) as free, sum(quantity::bigint) as total from stock.batches
          where partition = ${partition} and sku > ${after} ${upTo} group by sku
        ) b
        left join lateral (
          select order_id, quantity from stock.allocations
          where partition = ${partition} and sku = b.sku and batch_reference is null order by quantity limit 1
        ) w on true
        where b.total > ${MAX_QUANTITY} or w.quantity <= b.free`,
    )
    for (const { sku, free, total, waits, order } of rows) {
      if (waits !== null && waits <= free)
        idle.push(`order ${order} waits for ${waits} of ${sku}, but one of its batches has ${free} free`)
      if (Number(total) > MAX_QUANTITY) tooMany.push(`${sku} has ${total} units`)
    }
    if (end === undefined) return
    after = end.sku
  }
}

async function checkClaims(db: Database, partition: Partition, partitions: number): Promise<string[]> {
  const wrong: string[] = []
  for (let after = ''; ;) {
    const rows = await db.execute<{
      reference: string
      sku: string
      home: number | null
      claimant: string | null
    }>(
      sql`select b.reference, b.sku, c.partition as home, c.sku as claimant
        from (
          select reference, sku from stock.batches where partition = ${partition} and reference > ${after}
          order by reference limit ${CHUNK_ROWS}
        ) b
        left join lateral (
          select r.partition, r.sku from stock.batch_references r
          where r.partition = any(${intArray(allPartitions(partitions))}) and r.reference = b.reference limit 1
        ) c on true
        order by b.reference`,
    )
    for (const { reference, sku, home, claimant } of rows) {
      const at = homeOf(reference as BatchReference, partitions)
      if (claimant === null) wrong.push(`batch ${reference} has no claim`)
      else if (claimant !== sku || home !== at)
        wrong.push(`batch ${reference} is of ${sku}, but its claim, in partition ${home}, is for ${claimant}`)
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < CHUNK_ROWS) return wrong
    after = last.reference
  }
}
