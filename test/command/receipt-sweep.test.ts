/** How long a repeated command gets its first answer again. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sql } from 'drizzle-orm'
import { CHUNK_ROWS, deleteChunk, sweepReceipts } from '../../src/command/receipt-sweep.ts'
import type { Outcome } from '../../src/command/request.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { startTestOnhand } from '../support/onhand.ts'
import { allocate as allocateThrough, createBatch as createBatchThrough } from '../support/operations.ts'
import { allocate, createBatch } from '../support/stock.ts'
import { until } from '../support/until.ts'
import { openWriteSide } from '../support/write-side.ts'

let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase()
})

afterEach(() => database.drop())

const receipts = async (): Promise<number> => {
  const [row] = await database.sql.unsafe('select count(*)::int as count from stock.receipts')
  return row?.['count']
}

test('all receipts that are old enough are deleted, and no others', async () => {
  let now = new Date('2026-01-01T00:00:00Z')
  const writeSide = openWriteSide(database.url, { now: () => now })
  await writeSide.send(createBatch('b', 'LAMP', 100_000), 'batch')
  const old = Array.from({ length: 6000 }, (_, at) =>
    writeSide.send(allocate(`o-${at}`, 'LAMP', 1), `old-${at}`),
  )
  await Promise.all(old)
  now = new Date('2026-01-02T00:00:00Z')
  const kept = await writeSide.send(allocate('kept', 'LAMP', 1), 'kept')
  expect(await receipts()).toBe(6002)
  expect(await sweepReceipts(writeSide.db, now)).toBe(6001)
  expect(await receipts()).toBe(1)
  expect(await sweepReceipts(writeSide.db, now)).toBe(0)
  const again: Outcome = await writeSide.send(allocate('kept', 'LAMP', 1), 'kept')
  expect(again).toEqual({ ...kept, replayed: true })
  await writeSide.close()
})

test('a chunk reads no more pages after earlier receipts were deleted, even without a vacuum', async () => {
  const writeSide = openWriteSide(database.url)
  await database.sql`alter table stock.receipts set (autovacuum_enabled = off)`
  const day = (number: number) => new Date(Date.UTC(2026, 0, number))
  /** Three chunks of receipts, one receipt per second. */
  const record = (
    from: Date,
  ) => database.sql`insert into stock.receipts (partition, command_id, fingerprint, position, answer, recorded_at)
    select 0, md5(n::text || ${from.toISOString()}), '', null, '{}', ${from.toISOString()}::timestamptz + n * interval '1 s'
    from generate_series(1, ${3 * CHUNK_ROWS}) n`
  let from: string | null = null
  /** Deletes the next chunk. @returns how many pages the statement read */
  async function pagesOfChunk(): Promise<number> {
    const statement = sql`explain (analyze, buffers, format json) ${deleteChunk(0, from, day(9))}`
    const before = await oldest()
    const [row] = await writeSide.db.execute<{ 'QUERY PLAN': any }>(statement)
    const { Plan: plan } = row!['QUERY PLAN'][0]
    expect(before + CHUNK_ROWS * 1000).toBe(await oldest())
    from = new Date((await oldest()) - 1000).toISOString()
    return plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
  }
  const oldest = async () =>
    new Date(
      String((await database.sql`select min(recorded_at)::text from stock.receipts`)[0]?.['min']),
    ).getTime()

  await record(day(1))
  await record(day(2))
  await database.sql`analyze stock.receipts`
  const pages = [await pagesOfChunk(), await pagesOfChunk()]
  expect(await sweepReceipts(writeSide.db, day(2))).toBe(CHUNK_ROWS)
  from = day(2).toISOString()
  await record(day(3))
  pages.push(await pagesOfChunk(), await pagesOfChunk())
  for (const later of pages.slice(1)) expect(later).toBeLessThan(1.3 * (pages[0] as number))
  await writeSide.close()
})

test('a running server deletes a receipt after RECEIPT_RETENTION_HOURS, not before', async () => {
  const HOURS = 3_600_000
  const startedAt = Date.parse('2026-01-01T00:00:00Z')
  const at = (hours: number) =>
    startTestOnhand({
      database,
      now: () => new Date(startedAt + hours * HOURS),
      config: { receiptRetentionHours: 24 },
    })
  const order = { orderId: 'o-1', sku: 'lamp', quantity: 1, commandId: 'mine' }
  const first = await at(0)
  await createBatchThrough(first, { reference: 'b', sku: 'lamp', quantity: 10 })
  const { token } = await allocateThrough(first, order)
  await first.close()
  const soon = await at(23)
  expect(await allocateThrough(soon, order)).toMatchObject({ token, replayed: true })
  await soon.close()
  const later = await at(25)
  await until(async () => (await receipts()) === 0)
  expect((await allocateThrough(later, order)).replayed).toBe(false)
  await later.close()
})
