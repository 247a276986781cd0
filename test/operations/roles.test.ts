/** Queries use a role that can read the projections and nothing else, whatever the statement. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql } from 'drizzle-orm'
import { openPool } from '../../src/lib/postgres.ts'
import type { Pool } from '../../src/lib/postgres.ts'
import { forQueries } from '../../src/operations/connections.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'

let database: TestDatabase
let pool: Pool

beforeAll(async () => {
  database = await createTestDatabase()
  pool = openPool(forQueries(database.url), 1)
})

afterAll(async () => {
  await pool.close()
  await database.drop()
})

const run = (statement: string) => pool.db.execute(sql.raw(statement))

/** @returns the error message of Postgres */
const refusal = (statement: string) =>
  run(statement).then(
    () => 'done',
    ({ cause }: Error) => (cause as Error).message,
  )

test.each(['availability', 'batches', 'orders', 'movements', 'checkpoints', 'read_progress()'])(
  'it reads views.%s',
  async (table) => {
    expect(await refusal(`select * from views.${table}`)).toBe('done')
  },
)

test('it reads no table of the write side', async () => {
  const tables = await database.sql`select tablename from pg_tables where schemaname = 'stock'`
  expect(tables.length).toBeGreaterThan(4)
  for (const { tablename } of tables) {
    expect(await refusal(`select * from stock.${tablename}`)).toBe('permission denied for schema stock')
  }
})

test.each([
  'insert into views.orders default values',
  'update views.availability set available = 1',
  'delete from views.movements',
  'truncate views.batches',
  'create table views.mine (a int)',
])('it does not write: %s', async (statement) => {
  expect(await refusal(statement)).not.toBe('done')
  await run('set default_transaction_read_only = off')
  expect(await refusal(statement)).toMatch(/permission denied/)
  await run('set default_transaction_read_only = on')
})
