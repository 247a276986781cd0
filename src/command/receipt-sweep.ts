/**
 * Deletes expired receipts in chunks, so that commands need not wait. The cost of a chunk does not depend on how many receipts
 * there are or were: it finds its rows by the index on their age, starting where the last chunk ended. So it skips the index
 * entries of rows deleted earlier, which stay in the index until a vacuum.
 */
import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { logPartitions } from '../log/tables.ts'
import { receipts } from './tables.ts'

export const CHUNK_ROWS = 5000

/** @returns how many receipts were deleted */
export async function sweepReceipts(db: Database, before: Date): Promise<number> {
  let swept = 0
  for (const { partition } of await db.select().from(logPartitions))
    swept += await sweepPartition(db, partition, before)
  return swept
}

async function sweepPartition(db: Database, partition: Partition, before: Date): Promise<number> {
  let from: string | null = null
  for (let swept = 0; ;) {
    const [deleted]: readonly Chunk[] = await db.execute<Chunk>(deleteChunk(partition, from, before))
    swept += deleted?.count ?? 0
    if (deleted === undefined || deleted.count < CHUNK_ROWS) return swept
    from = deleted.latest
  }
}

interface Chunk extends Record<string, unknown> {
  readonly count: number
  /** The time of the newest receipt in the chunk; null if the chunk is empty. */
  readonly latest: string | null
}

/**
 * Builds the statement that deletes the oldest receipts of a partition. It returns one row, a `Chunk`.
 *
 * @param from where the search starts: earlier chunks have deleted older receipts; null searches from the beginning
 */
export function deleteChunk(partition: Partition, from: string | null, before: Date): SQL {
  const oldest = sql`select ${receipts.commandId} from ${receipts}
    where ${receipts.partition} = ${partition} and ${receipts.recordedAt} < ${before.toISOString()}::timestamptz
      and ${receipts.recordedAt} >= ${from ?? '-infinity'}::timestamptz
    order by ${receipts.recordedAt} limit ${CHUNK_ROWS}`
  return sql`with deleted as (
      delete from ${receipts} where ${receipts.partition} = ${partition} and ${receipts.commandId} = any(array(${oldest}))
      returning ${receipts.recordedAt}
    ) select count(*)::int as count, max(recorded_at) as latest from deleted`
}
