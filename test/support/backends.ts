/** Finds, blocks and ends connections, as the owner of the Postgres server. */
import type { Sql } from 'postgres'
import { until } from './until.ts'

/** Ends a connection on the server's side, and waits until it is gone. */
export async function kill(sql: Sql, pid: number): Promise<void> {
  await sql`select pg_terminate_backend(${pid})`
  await until(async () => (await sql`select from pg_stat_activity where pid = ${pid}`).length === 0)
}

export interface HeldLock {
  /** Waits for a connection that waits for the lock, and returns the id of its process. */
  readonly waitedFor: () => Promise<number>
  readonly release: () => Promise<void>
}

/** Holds an advisory lock, for which statements and triggers can wait. */
export async function holdLock(sql: Sql, key: number): Promise<HeldLock> {
  const holder = await sql.reserve()
  await holder`select pg_advisory_lock(${key}::bigint)`
  return {
    waitedFor: () =>
      until(async () => {
        const [row] = await sql<{ pid: number }[]>`select pid from pg_locks
          where locktype = 'advisory' and not granted and objid = ${key}
            and database = (select oid from pg_database where datname = current_database())`
        return row?.pid
      }),
    async release() {
      await holder`select pg_advisory_unlock(${key}::bigint)`
      holder.release()
    },
  }
}

export async function connectionsOf(sql: Sql, applicationName: string): Promise<number[]> {
  const rows = await sql<{ pid: number }[]>`select pid from pg_stat_activity
    where application_name = ${applicationName} and datname = current_database() order by pid`
  return rows.map(({ pid }) => pid)
}
