/** Batch references are unique over all partitions, although no constraint spans partitions. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { partitionOf } from '../../src/log/partition.ts'
import type { Sku } from '../../src/domain/values.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { changeBatchQuantity, createBatch } from '../support/stock.ts'
import { openWriteSide } from '../support/write-side.ts'
import type { TestWriteSide } from '../support/write-side.ts'

const PARTITIONS = 8
const REFERENCES = 40
const SKUS = 6

let database: TestDatabase
let processes: TestWriteSide[]

beforeEach(async () => {
  database = await createTestDatabase(PARTITIONS)
  processes = [1, 2].map(() => openWriteSide(database.url, { partitions: PARTITIONS }))
})

afterEach(async () => {
  await Promise.all(processes.map((process) => process.close()))
  await database.drop()
})

test('if several partitions and processes create a batch with the same reference at once, exactly one succeeds', async () => {
  const skus = Array.from({ length: SKUS }, (_, at) => `sku-${at}`)
  expect(new Set(skus.map((sku) => partitionOf(sku as Sku, PARTITIONS))).size).toBeGreaterThan(2)
  const sent = Array.from({ length: REFERENCES }, (_, reference) =>
    skus.map((sku, at) =>
      (processes[(at + reference) % 2] as TestWriteSide).send(createBatch(`b-${reference}`, sku, 1)),
    ),
  ).flat()
  const outcomes = await Promise.all(sent)
  expect(outcomes.filter((outcome) => outcome.status === 'accepted')).toHaveLength(REFERENCES)
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.rejection.type).toBe('BatchReferenceTaken')
  const [row] =
    await database.sql`select count(*)::int as rows, count(distinct reference)::int as refs from stock.batches`
  expect(row).toEqual({ rows: REFERENCES, refs: REFERENCES })
})

test('a repeated command gets its rejection again', async () => {
  const [first, second] = processes as [TestWriteSide, TestWriteSide]
  await first.send(createBatch('b', 'sku-0', 1))
  const rejected = await second.send(createBatch('b', 'sku-1', 1), 'again')
  expect(rejected).toMatchObject({ status: 'rejected', rejection: { type: 'BatchReferenceTaken' } })
  await database.sql`delete from stock.batch_references`
  expect(await first.send(createBatch('b', 'sku-1', 1), 'again')).toEqual({ ...rejected, replayed: true })
})

test('a change that was rejected because its batch did not exist stays rejected after the batch is created', async () => {
  const [first, second] = processes as [TestWriteSide, TestWriteSide]
  const rejected = await first.send(changeBatchQuantity('b', 5), 'early')
  expect(rejected).toMatchObject({ status: 'rejected', rejection: { type: 'BatchNotFound' } })
  const sku = Array.from({ length: SKUS }, (_, at) => `sku-${at}`).find(
    (one) => partitionOf(one as Sku, PARTITIONS) !== 0,
  )
  await first.send(createBatch('b', sku as string, 9))
  expect(await second.send(changeBatchQuantity('b', 5), 'early')).toEqual({ ...rejected, replayed: true })
})
