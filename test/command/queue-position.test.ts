/** A line keeps its queue position, whichever command moves it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, changeBatchQuantity, createBatch, deallocate } from '../support/operations.ts'
import { unsoundness } from '../support/soundness.ts'

let onhand: TestOnhand

beforeEach(async () => {
  onhand = await startTestOnhand()
  await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 10 })
  await allocate(onhand, { orderId: 'first', sku: 'lamp', quantity: 4 })
  await allocate(onhand, { orderId: 'second', sku: 'lamp', quantity: 6 })
  await changeBatchQuantity(onhand, { reference: 'b', quantity: 4 })
})

afterEach(() => onhand.close())

async function statusOf(id: string): Promise<string> {
  const { order } = await onhand.gql(
    'query ($id: ID!) { order(id: $id, consistentWith: "latest") { lines { status } } }',
    { id },
  )
  return order.lines[0].status
}

test.each([
  ['more stock', () => changeBatchQuantity(onhand, { reference: 'b', quantity: 20 })],
  ['a new batch', () => createBatch(onhand, { reference: 'c', sku: 'lamp', quantity: 20 })],
  [
    'the units of a deallocated line',
    async () => {
      await changeBatchQuantity(onhand, { reference: 'b', quantity: 6 })
      await deallocate(onhand, { orderId: 'first', sku: 'lamp' })
    },
  ],
])('a waiting line served by %s has the same position in the table as in the log', async (_, serve) => {
  await serve()
  expect(await statusOf('second')).toBe('ALLOCATED')
  expect(await unsoundness(onhand.database.url)).toEqual([])
})

test('a line that was moved keeps its stock longer than a newer line', async () => {
  await changeBatchQuantity(onhand, { reference: 'b', quantity: 5 })
  await allocate(onhand, { orderId: 'third', sku: 'lamp', quantity: 1 })
  await changeBatchQuantity(onhand, { reference: 'b', quantity: 20 })
  await changeBatchQuantity(onhand, { reference: 'b', quantity: 10 })
  expect(await statusOf('third')).toBe('BACKORDERED')
  expect(await statusOf('second')).toBe('ALLOCATED')
})
