/** Claims to batch references that never got a batch are swept. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sweepClaims } from '../../src/command/claim-sweep.ts'
import { homeOf } from '../../src/command/claims.ts'
import type { BatchReference, Sku } from '../../src/domain/values.ts'
import { partitionOf } from '../../src/log/partition.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { createBatch } from '../support/stock.ts'
import { until } from '../support/until.ts'
import { openWriteSide } from '../support/write-side.ts'
import type { TestWriteSide } from '../support/write-side.ts'

const PARTITIONS = 3
const HOURS = 3_600_000
const startedAt = Date.parse('2026-01-01T00:00:00Z')
let database: TestDatabase
let writeSide: TestWriteSide
let now: Date

beforeEach(async () => {
  database = await createTestDatabase(PARTITIONS)
  now = new Date(startedAt)
  writeSide = openWriteSide(database.url, { partitions: PARTITIONS, now: () => now })
})

afterEach(async () => {
  await writeSide.close()
  await database.drop()
})

const claim = (reference: string, sku: string, at: Date) => database.sql`
  insert into stock.batch_references (partition, reference, sku, claimed_at)
  values (${homeOf(reference as BatchReference, PARTITIONS)}, ${reference}, ${sku}, ${at.toISOString()}::timestamptz)`
const claims = async () =>
  (await database.sql`select reference from stock.batch_references order by reference`).map(
    ({ reference }) => reference,
  )
const later = (hours: number) => new Date(startedAt + hours * HOURS)

test('old claims without a batch are deleted; claims with a batch and recent claims stay', async () => {
  for (const at of Array(30).keys()) await writeSide.send(createBatch(`batch-${at}`, `sku-${at}`, 1))
  for (const at of Array(30).keys()) await claim(`lost-${at}`, `sku-${at}`, later(0))
  await claim('young', 'sku-1', later(24))
  expect(await sweepClaims(writeSide.db, PARTITIONS, later(0))).toBe(0)
  expect(await sweepClaims(writeSide.db, PARTITIONS, later(12))).toBe(30)
  expect(await claims()).toEqual([
    ...Array.from({ length: 30 }, (_, at) => `batch-${at}`).toSorted(),
    'young',
  ])
  // Another product can use a reference that is free again.
  expect(await writeSide.send(createBatch('lost-1', 'sku-2', 1))).toMatchObject({ status: 'accepted' })
  expect(await writeSide.send(createBatch('batch-1', 'sku-2', 1))).toMatchObject({ status: 'rejected' })
})

test('a claim that is renewed during the sweep stays', async () => {
  const skus = Array.from({ length: 100 }, (_, at) => `sku-${at}` as Sku)
  const sku = skus.find(
    (one) => partitionOf(one, PARTITIONS) !== homeOf('lost' as BatchReference, PARTITIONS),
  )!
  await claim('lost', sku, later(0))
  // The renewed claim is not committed yet, so the sweep sees it as old and waits for its row.
  const other = await database.sql.reserve()
  await other`begin`
  await other`update stock.batch_references set claimed_at = ${later(30).toISOString()}::timestamptz`
  const sweeping = sweepClaims(writeSide.db, PARTITIONS, later(24))
  const waiting = () => database.sql`select from pg_stat_activity
    where application_name = 'write side' and datname = current_database() and wait_event_type = 'Lock'`
  await until(async () => (await waiting()).length > 0)
  await other`commit`
  other.release()
  expect(await sweeping).toBe(0)
  expect(await claims()).toEqual(['lost'])
})
