/**
 * Batch references are unique over all partitions, but no constraint spans partitions. So each reference has a home, which is
 * the partition that it hashes to, and a row there names the product that may use it. Creating a batch requires this claim.
 *
 * A claim is not released when its command is rejected, because another command may rely on it by then. The sweeper deletes
 * claims that are a day old and have no batch; no command takes that long.
 */
import { sql } from 'drizzle-orm'
import type { BatchReference, Sku } from '../domain/values.ts'
import { fnv1a } from '../lib/fnv1a.ts'
import { pack, packedRows } from '../lib/bulk.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { batchReferences } from './tables.ts'

export interface Claim {
  readonly reference: BatchReference
  readonly sku: Sku
}

/** @returns the granted claims; the references of the others belong to other products */
export type ClaimReferences = (
  home: Partition,
  claims: readonly Claim[],
  now: Date,
) => Promise<readonly Claim[]>

export const homeOf = (reference: BatchReference, partitions: number): Partition =>
  partitions === 1 ? 0 : fnv1a(reference) % partitions

export function createClaims(db: Database): ClaimReferences {
  const { reference, sku, claimedAt } = batchReferences
  const claim = db
    .insert(batchReferences)
    .select(
      sql`select ${sql.placeholder('home')}::int, c0, c1, ${sql.placeholder('now')}::timestamptz
        from ${packedRows('references', 'skus')} as rows(c0, c1)`,
    )
    .onConflictDoUpdate({
      target: [batchReferences.partition, reference],
      set: { claimedAt: sql`excluded.claimed_at` },
      setWhere: sql`${sku} = excluded.sku`,
    })
    .returning({ reference })
    .prepare('claim_references')
  return async (home, claims, now) => {
    // If two products claim a reference in one statement, the first gets it.
    const first = new Map<BatchReference, Sku>()
    for (const wanted of claims) if (!first.has(wanted.reference)) first.set(wanted.reference, wanted.sku)
    if (first.size === 0) return []
    const rows = await claim.execute({
      home,
      now: claimedAt.mapToDriverValue(now),
      references: pack([...first.keys()]),
      skus: pack([...first.values()]),
    })
    return rows.map((row) => ({ reference: row.reference, sku: first.get(row.reference) as Sku }))
  }
}
