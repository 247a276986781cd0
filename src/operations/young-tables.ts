/**
 * Collects statistics for new tables that grow fast. Until a table is analyzed, Postgres guesses wrongly how its rows are distributed
 * over the partitions, and caches the resulting plans: each command would read all rows of its partition instead of a few.
 * Autovacuum runs once per minute, when a table may already have 500,000 rows.
 */
import { sql } from 'drizzle-orm'
import type { Database } from '../lib/postgres.ts'

/** For larger tables, autovacuum is fast enough. */
const MAX_PAGES = 20_000

/** Analyzes the tables that have more than doubled since they were last analyzed. @returns their names */
export async function analyzeYoungTables(db: Database): Promise<string[]> {
  const young = await db.execute<{ name: string }>(
    sql`select format('%I.%I', namespaces.nspname, tables.relname) as name
      from pg_class tables join pg_namespace namespaces on namespaces.oid = tables.relnamespace
      where namespaces.nspname in ('stock', 'views') and tables.relkind = 'r' and tables.relpages < ${MAX_PAGES}
        and pg_relation_size(tables.oid) > 2 * tables.relpages * current_setting('block_size')::bigint`,
  )
  // The lock is held if another process is analyzing the table.
  for (const { name } of young) await db.execute(sql`analyze (skip_locked) ${sql.raw(name)}`)
  return young.map(({ name }) => name)
}
