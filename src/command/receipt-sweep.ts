import { sql } from 'drizzle-orm'
import type { Database } from '../lib/postgres.ts'
import { receipts } from './tables.ts'

const CHUNK_ROWS = 5000

/**
 * Deletes receipts that are older than anyone may rely on, some at a time, so that commands need not wait.
 *
 * @returns how many
 */
export async function sweepReceipts(db: Database, before: Date): Promise<number> {
  for (let swept = 0; ;) {
    const { count } = await db.execute(
      sql`delete from ${receipts} where ctid = any(array(
        select ctid from ${receipts} where ${receipts.recordedAt} < ${before.toISOString()}::timestamptz limit ${CHUNK_ROWS}
      ))`,
    )
    swept += count
    if (count < CHUNK_ROWS) return swept
  }
}
