/** For how long a command that is sent again gets the answer that it got before. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sweepReceipts } from '../../src/command/receipt-sweep.ts'
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

test('receipts go when they are old enough, however many there are', async () => {
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

test('a running server forgets a commandId after RECEIPT_RETENTION_HOURS, and not before', async () => {
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
