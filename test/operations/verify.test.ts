/** What `onhand verify` finds: each kind of damage, and none where there is none. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, changeBatchQuantity, createBatch, deallocate } from '../support/operations.ts'
import { unsoundness } from '../support/soundness.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand

beforeEach(async () => {
  onhand = await startTestOnhand()
  await createBatch(onhand, { reference: 'b1', sku: 'lamp', quantity: 10 })
  await createBatch(onhand, { reference: 'b2', sku: 'lamp', quantity: 10, eta: '2030-01-01' })
  for (const orderId of ['o1', 'o2', 'o3']) await allocate(onhand, { orderId, sku: 'lamp', quantity: 3 })
  await changeBatchQuantity(onhand, { reference: 'b1', quantity: 5 })
  await deallocate(onhand, { orderId: 'o2', sku: 'lamp' })
  await until(async () => {
    const { projections } = await onhand.gql('{ projections { lag } }')
    return projections.every(({ lag }: { lag: number }) => lag === 0)
  })
})

afterEach(() => onhand.close())

const damage = (statement: string) => onhand.database.sql.unsafe(statement)
const findings = () => unsoundness(onhand.database.url)

test('nothing is wrong with a healthy database, also while it is at work', async () => {
  const working = Array.from({ length: 200 }, (_, at) =>
    allocate(onhand, { orderId: `busy-${at}`, sku: 'lamp', quantity: 1 }),
  )
  expect(await findings()).toEqual([])
  await Promise.all(working)
  expect(await findings()).toEqual([])
})

test.each([
  ['a gap in the log', `delete from stock.events where position = 4`, 'The log is gapless.'],
  [
    'a batch that says less than is allocated',
    `update stock.batches set allocated = 0 where reference = 'b1'`,
    'Batches are what the log says.',
  ],
  ['a lost batch', `delete from stock.batches where reference = 'b2'`, 'Batches are what the log says.'],
  [
    'a lost line',
    `delete from stock.allocations where order_id = 'o1'`,
    'Order lines are what the log says.',
  ],
  [
    'a line of another quantity',
    `update stock.allocations set quantity = 1 where order_id = 'o1'`,
    'Order lines are what the log says.',
  ],
  [
    'a product page that lies',
    `update views.availability set available = 99`,
    'The projection availability is what the log says.',
  ],
  [
    'a movement too few',
    `delete from views.movements where position = 3`,
    'The projection movements is what the log says.',
  ],
  ['an order too few', `delete from views.orders`, 'The projection orders is what the log says.'],
  [
    'a checkpoint ahead of the log',
    `insert into views.checkpoint_positions values (0, 'batches', 1000, 1)`,
    'The projection batches is what the log says.',
  ],
  [
    'a log that oversells',
    `update stock.events set data = jsonb_set(data::jsonb, '{quantity}', '11')::json
       where position = (select min(position) from stock.events where type = 'LineAllocated')`,
    'Nothing was ever oversold.',
  ],
])('it finds %s', async (_, statement, claim) => {
  await damage(statement)
  expect((await findings()).some((finding) => finding.startsWith(claim))).toBe(true)
})
