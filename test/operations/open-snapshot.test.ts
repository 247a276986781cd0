/** What Postgres goes through for a command and its projections while somebody holds a snapshot open, as a dump does. */
import postgres from 'postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { startTestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/stock.ts'
import { until } from '../support/until.ts'
import { request } from '../support/write-side.ts'

const COMMANDS = 400

let database: TestDatabase
let holder: postgres.Sql

beforeEach(async () => {
  database = await createTestDatabase()
  holder = postgres(database.url, { max: 1 })
})

afterEach(async () => {
  await holder.end({ timeout: 1 })
  await database.drop()
})

/** Entries of indexes on the rows that change most often. A connection reports them at its end. */
async function entriesRead(): Promise<number> {
  const { sql } = database
  await until(
    async () =>
      (
        await sql`select from pg_stat_activity
          where datname = current_database() and application_name like 'onhand%'`
      ).length === 0,
  )
  const [row] = await sql<{ entries: number }[]>`
    select sum(idx_tup_read)::float8 as entries from pg_stat_user_indexes where relname in ('availability', 'batches')`
  return row?.entries ?? Number.NaN
}

test('the old versions of a row, which Postgres must keep, are passed over', async () => {
  const onhand = await startTestOnhand({ database })
  await onhand.dispatch(request(createBatch('b', 'lamp', 10_000)))
  const snapshot = await holder.reserve()
  await snapshot`begin isolation level repeatable read`
  await snapshot`select 1`
  for (let sent = 0; sent < COMMANDS; sent += 1) {
    // Each command has a commit of its own, and each commit a step of its own.
    await onhand.dispatch(request(allocate(`o-${sent}`, 'lamp', 1)))
    const isProjected = async () => {
      const [row] = await database.sql`select max(head - position)::int as lag from views.read_progress()`
      return row?.['lag'] === 0
    }
    await until(isProjected)
  }
  await onhand.close()
  snapshot.release()
  // Updated in place, a row would have 200 old versions on average to go through, in each of three tables.
  expect((await entriesRead()) / COMMANDS).toBeLessThan(50)
})
