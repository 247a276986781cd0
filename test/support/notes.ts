/** A table to write to, for tests of connections. */
import { sql } from 'drizzle-orm'
import type { Database } from '../../src/lib/postgres.ts'
import type { TestDatabase } from './database.ts'

export async function createNotes({ sql }: TestDatabase): Promise<void> {
  await sql`create table notes (note text not null)`
}

// `execute` returns a promise. Drizzle's own thenables would run the statement again each time they are awaited.
export const writeNote = ({ db }: { db: Database }, note: string): Promise<unknown> =>
  db.execute(sql`insert into notes values (${note})`).execute()

export async function readNotes({ sql }: TestDatabase): Promise<string[]> {
  return (await sql`select note from notes order by note`).map(({ note }) => note as string)
}

/** Because of the parameter, the driver prepares the statement first. Statements that are sent meanwhile wait in its queue. */
export const waitForLock = ({ db }: { db: Database }, key: number): Promise<unknown> =>
  db.execute(sql`select pg_advisory_xact_lock(${key}::bigint)`).execute()

export async function pidOf({ db }: { db: Database }): Promise<number> {
  const [row] = await db.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`)
  if (row === undefined) throw new Error('Postgres returned no process id.')
  return row.pid
}
