/**
 * Statistics for tables that grow fast from nothing. Until a table is analyzed, Postgres guesses how its rows spread over the
 * partitions, guesses wrong, and keeps the plans that follow: each command would go through all rows of its partition instead of
 * a few. Autovacuum comes by once per minute, and by then a table may have 500,000 rows.
 */
import { sql } from 'drizzle-orm'
import type { Database } from '../lib/postgres.ts'

/** Larger tables change slowly enough for autovacuum. */
const MAX_PAGES = 20_000

/** Analyzes the tables that have more than doubled since it was last done. @returns their names */
export async function analyzeYoungTables(db: Database): Promise<string[]> {
  const young = await db.execute<{ name: string }>(
    sql`select format('%I.%I', namespaces.nspname, tables.relname) as name
      from pg_class tables join pg_namespace namespaces on namespaces.oid = tables.relnamespace
      where namespaces.nspname in ('stock', 'views') and tables.relkind = 'r' and tables.relpages < ${MAX_PAGES}
        and pg_relation_size(tables.oid) > 2 * tables.relpages * current_setting('block_size')::bigint`,
  )
  // Another process that is at it holds the lock.
  for (const { name } of young) await db.execute(sql`analyze (skip_locked) ${sql.raw(name)}`)
  return young.map(({ name }) => name)
}
