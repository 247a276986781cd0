/** Postgres as its owner sees it: who is connected, who waits, and an end to any of them. */
import type { Sql } from 'postgres'
import { until } from './until.ts'

/** Ends a connection from the server's side; returns once it is gone. */
export async function kill(sql: Sql, pid: number): Promise<void> {
  await sql`select pg_terminate_backend(${pid})`
  await until(async () => (await sql`select from pg_stat_activity where pid = ${pid}`).length === 0)
}

export interface HeldLock {
  /** The process of a connection that waits for it. */
  readonly waitedFor: () => Promise<number>
  readonly release: () => Promise<void>
}

/** An advisory lock that statements, and triggers, can be made to wait for. */
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
