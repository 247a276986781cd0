/** A process uses its cached stock only while it is valid. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fingerprintOf, isFingerprintOf } from '../../src/command/request.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { allocate, changeBatchQuantity, createBatch, deallocate } from '../support/stock.ts'
import { until } from '../support/until.ts'
import { openWriteSide } from '../support/write-side.ts'
import type { TestWriteSide } from '../support/write-side.ts'

let database: TestDatabase
let opened: TestWriteSide[]

const open = (now?: () => Date): TestWriteSide => {
  const writeSide = openWriteSide(database.url, now === undefined ? {} : { now })
  opened.push(writeSide)
  return writeSide
}

beforeEach(async () => {
  database = await createTestDatabase()
  opened = []
})

afterEach(async () => {
  await Promise.all(opened.map((writeSide) => writeSide.close()))
  await database.drop()
})

test('after a failover that lost commits, a process detects other events at the same head', async () => {
  const [a, b] = [open(), open()]
  await a.send(createBatch('b', 'lamp', 10))
  const lost = [a.send(allocate('o1', 'lamp', 10)), a.send(deallocate('o1', 'lamp'))]
  await Promise.all(lost)
  // The promoted standby lacks the last two events.
  await database.sql`delete from stock.events where position > 1`
  await database.sql`delete from stock.receipts where position > 1`
  await database.sql`update stock.batches set version = 1`
  await b.send(allocate('o2', 'lamp', 10))
  await b.send(createBatch('c', 'vase', 1))
  expect(await a.send(allocate('o3', 'lamp', 10))).toMatchObject({
    status: 'rejected',
    rejection: { type: 'OutOfStock' },
  })
})

test('event times never decrease along the log, even if the clocks of its writers differ', async () => {
  const ahead = open(() => new Date('2026-01-01T00:00:10Z'))
  const behind = open(() => new Date('2026-01-01T00:00:00Z'))
  await ahead.send(createBatch('a', 'lamp', 10))
  await behind.send(createBatch('b', 'lamp', 10))
  await ahead.send(createBatch('c', 'lamp', 10))
  const events = await database.sql`select recorded_at from stock.events order by position`
  const times = events.map((event) => (event['recorded_at'] as Date).toISOString())
  expect(times).toEqual(Array(3).fill('2026-01-01T00:00:10.000Z'))
})

test('the time of an event is when the partition was locked, not when the command arrived', async () => {
  const clock = { now: new Date('2026-01-01T00:00:00Z') }
  const writer = open(() => clock.now)
  await writer.send(createBatch('a', 'lamp', 10))
  const holder = await database.sql.reserve()
  await holder`begin`
  await holder`select from stock.log_partitions for update`
  const sent = writer.send(allocate('o', 'lamp', 1))
  await until(async () => {
    const waiting = await database.sql`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    return waiting.length > 0
  })
  clock.now = new Date('2026-01-01T00:00:09Z')
  await holder`commit`
  holder.release()
  await sent
  const [event] = await database.sql`select recorded_at from stock.events where position = 2`
  expect(event?.['recorded_at']).toEqual(clock.now)
})

test('omitted fields do not change the fingerprint of a command', () => {
  const command = changeBatchQuantity('b', 3)
  const ofANewerRelease = Object.assign({ optionalInANewerRelease: null }, command)
  expect(fingerprintOf(ofANewerRelease)).toBe(fingerprintOf(command))
  expect(fingerprintOf(changeBatchQuantity('b', 3, { reason: 'damaged' }))).not.toBe(fingerprintOf(command))
})

test('receipts of a release that counted omitted fields as null are recognized', () => {
  expect(isFingerprintOf('-ftWUrzDZacFal3CHbUfDQ', changeBatchQuantity('b', 3))).toBe(true)
  expect(isFingerprintOf('-ftWUrzDZacFal3CHbUfDQ', changeBatchQuantity('b', 4))).toBe(false)
})
