/** Batch references are unique over all partitions, although no constraint says so. */
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

test('of many that create a batch of the same reference at once, in several partitions and processes, one can', async () => {
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

test('a refusal is answered again to whoever sends the command again', async () => {
  const [first, second] = processes as [TestWriteSide, TestWriteSide]
  await first.send(createBatch('b', 'sku-0', 1))
  const refused = await second.send(createBatch('b', 'sku-1', 1), 'again')
  expect(refused).toMatchObject({ status: 'rejected', rejection: { type: 'BatchReferenceTaken' } })
  await database.sql`delete from stock.batch_references`
  expect(await first.send(createBatch('b', 'sku-1', 1), 'again')).toEqual({ ...refused, replayed: true })
})

test('a change that was refused because there was no such batch stays refused when there is one', async () => {
  const [first, second] = processes as [TestWriteSide, TestWriteSide]
  const refused = await first.send(changeBatchQuantity('b', 5), 'early')
  expect(refused).toMatchObject({ status: 'rejected', rejection: { type: 'BatchNotFound' } })
  const sku = Array.from({ length: SKUS }, (_, at) => `sku-${at}`).find(
    (one) => partitionOf(one as Sku, PARTITIONS) !== 0,
  )
  await first.send(createBatch('b', sku as string, 9))
  expect(await second.send(changeBatchQuantity('b', 5), 'early')).toEqual({ ...refused, replayed: true })
})
