/** What a command reads in a new database, before autovacuum has run. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { analyzeYoungTables } from '../../src/operations/young-tables.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { allocate, createBatch } from '../support/stock.ts'
import { until } from '../support/until.ts'
import { openWriteSide } from '../support/write-side.ts'
import type { TestWriteSide } from '../support/write-side.ts'

const COMMANDS = 3000
/** Commands per transaction. */
const AT_ONCE = 30

let database: TestDatabase
let stock: TestWriteSide

beforeEach(async () => {
  database = await createTestDatabase()
  for (const table of ['allocations', 'batches', 'events', 'receipts'])
    await database.sql.unsafe(`alter table stock.${table} set (autovacuum_enabled = off)`)
  stock = openWriteSide(database.url)
})

afterEach(async () => {
  await stock.close()
  await database.drop()
})

/** Returns the number of rows and index entries that Postgres has read in this database. */
async function entriesRead(): Promise<number> {
  const [row] = await database.sql<{ entries: number }[]>`
    select (select sum(idx_tup_read) from pg_stat_user_indexes)::float8
      + (select sum(seq_tup_read) from pg_stat_user_tables where schemaname in ('stock', 'views'))::float8 as entries`
  return row?.entries ?? Number.NaN
}

/** @param from the number of the first order */
async function allocateMany(from: number): Promise<void> {
  for (let sent = 0; sent < COMMANDS; sent += AT_ONCE)
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, at) => stock.send(allocate(`o-${from + sent + at}`, 'lamp', 1))),
    )
}

test('a command reads a few index entries, even without any statistics', async () => {
  await stock.send(createBatch('b', 'lamp', 10 * COMMANDS))
  await allocateMany(0)
  const before = await entriesRead()
  await allocateMany(COMMANDS)
  await stock.close()
  const read = await until(async () => {
    const entries = await entriesRead()
    return entries > before && entries - before
  })
  // If each transaction read its whole partition, this would be over 150.
  expect(read / COMMANDS).toBeLessThan(10)
})

test('tables are analyzed once they have grown, and again only after they have doubled', async () => {
  await stock.send(createBatch('b', 'lamp', 10 * COMMANDS))
  await allocateMany(0)
  expect(await analyzeYoungTables(stock.db)).toEqual(
    expect.arrayContaining(['stock.allocations', 'stock.receipts']),
  )
  expect(await analyzeYoungTables(stock.db)).toEqual([])
  await allocateMany(COMMANDS)
  await allocateMany(2 * COMMANDS)
  expect(await analyzeYoungTables(stock.db)).toContain('stock.allocations')
})
