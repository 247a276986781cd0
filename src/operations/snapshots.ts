/**
 * Finds the oldest open snapshot in the database, such as that of a dump. While it is open, Postgres keeps all versions of all rows,
 * and a busy log becomes slower by the minute.
 */
import { sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import type { Database } from '../lib/postgres.ts'
import { atMostEvery } from '../lib/at-most-every.ts'

export interface OldestSnapshot extends Record<string, unknown> {
  readonly seconds: number
  readonly pid: number
  readonly application: string
}

const WARN_SECONDS = 30
const WARNING_INTERVAL_MS = 60_000

/** @returns null if there is none */
export async function oldestSnapshot(db: Database): Promise<OldestSnapshot | null> {
  const [row] = await db.execute<OldestSnapshot>(sql`
    select extract(epoch from clock_timestamp() - xact_start)::float8 as seconds, pid, application_name as application
    from pg_stat_activity
    where backend_xmin is not null and xact_start is not null and datname = current_database() and pid <> pg_backend_pid()
    order by xact_start limit 1`)
  return row ?? null
}

/** @returns a function that logs a warning if a snapshot has been open for too long */
export function createSnapshotCheck(
  db: Database,
  logger: Logger,
  warnSeconds = WARN_SECONDS,
): () => Promise<void> {
  const warn = atMostEvery(WARNING_INTERVAL_MS, ({ seconds, pid, application }: OldestSnapshot) =>
    logger.warn(
      `Process ${pid} of Postgres (${application || 'without a name'}) has held a snapshot for ${Math.round(seconds)} s. ` +
        'Commands become slower meanwhile. Dump from a replica, or end that process.',
    ),
  )
  return async () => {
    const oldest = await oldestSnapshot(db)
    if (oldest !== null && oldest.seconds > warnSeconds) warn(oldest)
  }
}
