import { sql } from 'drizzle-orm'
import { groupBy } from '../lib/group-by.ts'
import { pack } from '../lib/bulk.ts'
import type { Database } from '../lib/postgres.ts'
import { partitionOf } from '../log/partition.ts'
import type { Partition } from '../log/partition.ts'
import type { Claim } from './claims.ts'
import { batches, batchReferences } from './tables.ts'

const PAGE_ROWS = 5000

/**
 * Deletes claims to batch references that were last renewed before a given time and have no batch, because their command was
 * rejected. A command that claims the reference in the meantime keeps its claim, because it renews the claim's time.
 *
 * @param before a time before the start of every command that is still running
 * @returns how many claims were deleted
 */
export async function sweepClaims(db: Database, partitions: number, before: Date): Promise<number> {
  let swept = 0
  for (let home = 0; home < partitions; home += 1) {
    for (let after = ''; ;) {
      const page = await db.execute<OldClaim>(
        sql`select reference, sku, claimed_at < ${before.toISOString()}::timestamptz as old from ${batchReferences}
          where partition = ${home} and reference > ${after} order by reference limit ${PAGE_ROWS}`,
      )
      const old = page.filter(({ old: isOld }) => isOld)
      swept += await deleteClaims(db, home, await withoutBatch(db, partitions, old), before)
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE_ROWS) break
      after = last.reference
    }
  }
  return swept
}

interface OldClaim extends Claim, Record<string, unknown> {
  readonly old: boolean
}

async function withoutBatch(db: Database, partitions: number, claims: readonly Claim[]): Promise<string[]> {
  const left = new Set<string>(claims.map(({ reference }) => reference))
  for (const [partition, own] of groupBy(claims, ({ sku }) => partitionOf(sku, partitions))) {
    const found = await db.execute<{ reference: string }>(
      sql`select reference from ${batches} where partition = ${partition} and reference = any(${listOf(own.map(({ reference }) => reference))})`,
    )
    for (const { reference } of found) left.delete(reference)
  }
  return [...left]
}

async function deleteClaims(
  db: Database,
  home: Partition,
  references: readonly string[],
  before: Date,
): Promise<number> {
  if (references.length === 0) return 0
  const { count } = await db.execute(
    sql`delete from ${batchReferences} where partition = ${home} and reference = any(${listOf(references)})
      and claimed_at < ${before.toISOString()}::timestamptz`,
  )
  return count
}

const listOf = (values: readonly string[]) => sql`string_to_array(${pack(values)}, e'\\x1f')`
