/** Commands that move many lines, on Postgres. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAX_LINES_PER_COMMAND } from '../../src/domain/decision.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { allocate, changeBatchQuantity, createBatch } from '../support/stock.ts'
import { openWriteSide } from '../support/write-side.ts'
import type { TestWriteSide } from '../support/write-side.ts'

let database: TestDatabase
let stock: TestWriteSide

beforeEach(async () => {
  database = await createTestDatabase()
  stock = openWriteSide(database.url)
})

afterEach(async () => {
  await stock.close()
  await database.drop()
})

/** Creates a batch whose units are all allocated, one per line, without events for the lines. */
async function fullBatch(reference: string, sku: string, lines: number): Promise<void> {
  await stock.send(createBatch(reference, sku, lines))
  await database.sql`insert into stock.allocations (partition, order_id, sku, quantity, batch_reference, placed)
    select 0, ${reference} || n, ${sku}, 1, ${reference}, n from generate_series(1, ${lines}::int) n`
  await database.sql`update stock.batches set allocated = quantity where reference = ${reference}`
  // A new write side has an empty cache, so the next command loads the inserted rows.
  await stock.close()
  stock = openWriteSide(database.url)
}

const waiting = async () => {
  const [row] =
    await database.sql`select count(*)::int as lines from stock.allocations where batch_reference is null`
  return row?.['lines'] as number
}

test('a command that moves many lines gets its own commit, between those of the commands around it', async () => {
  await fullBatch('b', 'lamp', 3000)
  const sent = [
    stock.send(createBatch('before', 'vase', 5), 'before'),
    stock.send(changeBatchQuantity('b', 0), 'large'),
    stock.send(allocate('o', 'vase', 1), 'after'),
  ]
  for (const outcome of await Promise.all(sent)) expect(outcome).toMatchObject({ status: 'accepted' })
  expect(stock.commits.map(({ events }) => [...new Set(events.map(({ commandId }) => commandId))])).toEqual([
    ['before'],
    ['large'],
    ['after'],
  ])
  expect(stock.commits[1]?.events).toHaveLength(6001)
  expect(stock.commits.map(({ events }) => events.filter(({ tag }) => tag !== null).length)).toEqual([
    1, 1, 1,
  ])
  expect(await waiting()).toBe(3000)
})

test('new stock serves the oldest lines, and the others keep waiting', async () => {
  await fullBatch('b', 'lamp', 5000)
  expect(await stock.send(changeBatchQuantity('b', 0))).toMatchObject({ status: 'accepted' })
  expect(await stock.send(createBatch('c', 'lamp', 4990))).toMatchObject({ status: 'accepted' })
  const left =
    await database.sql`select placed from stock.allocations where batch_reference is null order by placed`
  expect(left.map(({ placed }) => Number(placed))).toEqual(Array.from({ length: 10 }, (_, at) => 4991 + at))
  expect(await database.sql`select allocated from stock.batches where reference = 'c'`).toMatchObject([
    { allocated: 4990 },
  ])
})

test(`a command that would move more than ${MAX_LINES_PER_COMMAND} lines is rejected and changes nothing`, async () => {
  await fullBatch('b', 'lamp', MAX_LINES_PER_COMMAND + 1)
  expect(await stock.send(changeBatchQuantity('b', 0))).toMatchObject({
    status: 'rejected',
    rejection: { type: 'TooManyLines', sku: 'lamp', limit: MAX_LINES_PER_COMMAND },
  })
  expect(await waiting()).toBe(0)
  expect(await stock.send(changeBatchQuantity('b', 1))).toMatchObject({ status: 'accepted' })
  expect(await waiting()).toBe(MAX_LINES_PER_COMMAND)
}, 120_000)
