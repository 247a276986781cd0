/** The end-to-end cases of *Architecture Patterns with Python*, against the whole server, as a client sees it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, changeBatchQuantity, createBatch, deallocate } from '../support/operations.ts'

let onhand: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand()
})

afterAll(() => onhand.close())

test('happy path: allocates to the warehouse before shipments, and shows the allocation', async () => {
  await createBatch(onhand, { reference: 'later', sku: 'sku1', quantity: 100, eta: '2026-01-02' })
  await createBatch(onhand, { reference: 'early', sku: 'sku1', quantity: 100, eta: '2026-01-01' })
  await createBatch(onhand, { reference: 'warehouse', sku: 'sku1', quantity: 100 })
  await createBatch(onhand, { reference: 'other', sku: 'other-sku', quantity: 100 })
  const answer = await allocate(onhand, { orderId: 'order1', sku: 'sku1', quantity: 3 })
  expect(answer).toMatchObject({ userErrors: [], batchReference: 'warehouse', replayed: false })
  expect(answer.query.order.lines).toEqual([
    { sku: 'sku1', quantity: 3, status: 'ALLOCATED', batchReference: 'warehouse', eta: null },
  ])
})

test('unhappy path: a line of an unknown product is rejected, and creates no order', async () => {
  const answer = await allocate(onhand, { orderId: 'order2', sku: 'nonesuch', quantity: 20 })
  expect(answer).toMatchObject({
    token: null,
    userErrors: [{ code: 'INVALID_SKU', message: 'Invalid sku nonesuch', field: ['input', 'sku'] }],
    query: { order: null },
  })
})

test('a line that is out of stock is rejected, never accepted', async () => {
  await createBatch(onhand, { reference: 'scarce-batch', sku: 'scarce', quantity: 10 })
  const answer = await allocate(onhand, { orderId: 'order3', sku: 'scarce', quantity: 11 })
  expect(answer.userErrors).toEqual([
    {
      code: 'OUT_OF_STOCK',
      message: 'Out of stock for sku scarce',
      field: ['input', 'quantity'],
      requested: 11,
      available: 10,
      earliestDate: null,
    },
  ])
  expect(answer.query.order).toBeNull()
})

test('view: an order shows the batches of its own lines only', async () => {
  for (const [sku, eta] of [
    ['view-1', null],
    ['view-2', '2026-05-05'],
  ]) {
    await createBatch(onhand, { reference: `${sku}-batch`, sku, quantity: 50, eta })
    await allocate(onhand, { orderId: 'another', sku, quantity: 30 })
    await allocate(onhand, { orderId: 'viewed', sku, quantity: 20 })
  }
  const { order } = await onhand.gql(
    '{ order(id: "viewed", consistentWith: "latest") { id lines { sku quantity batchReference eta } } }',
  )
  expect(order).toEqual({
    id: 'viewed',
    lines: [
      { sku: 'view-1', quantity: 20, batchReference: 'view-1-batch', eta: null },
      { sku: 'view-2', quantity: 20, batchReference: 'view-2-batch', eta: '2026-05-05' },
    ],
  })
})

test('reallocation: the newest line of a batch that shrinks moves to another, as a subscriber sees', async () => {
  await createBatch(onhand, { reference: 'old', sku: 'table', quantity: 50, eta: '2026-01-01' })
  await createBatch(onhand, { reference: 'new', sku: 'table', quantity: 50, eta: '2026-01-02' })
  await allocate(onhand, { orderId: 'table-1', sku: 'table', quantity: 20 })
  await allocate(onhand, { orderId: 'table-2', sku: 'table', quantity: 20 })
  const seen = onhand.subscribe(
    'subscription { allocationChanged(orderId: "table-2") { lines { batchReference } } }',
  )
  expect(await seen.next()).toEqual({ allocationChanged: { lines: [{ batchReference: 'old' }] } })
  const answer = await changeBatchQuantity(onhand, { reference: 'old', quantity: 25 })
  expect(answer.userErrors).toEqual([])
  let state = await seen.next()
  while (state.allocationChanged.lines[0].batchReference !== 'new') state = await seen.next()
  await seen.end()
})

test('deallocation: the units are available again', async () => {
  await createBatch(onhand, { reference: 'pillows', sku: 'pillow', quantity: 5 })
  await allocate(onhand, { orderId: 'gives-back', sku: 'pillow', quantity: 5 })
  expect(await allocate(onhand, { orderId: 'wants', sku: 'pillow', quantity: 5 })).toMatchObject({
    token: null,
  })
  const answer = await deallocate(onhand, { orderId: 'gives-back', sku: 'pillow' })
  expect(answer.query.order.lines).toEqual([])
  expect(await allocate(onhand, { orderId: 'wants', sku: 'pillow', quantity: 5 })).toMatchObject({
    userErrors: [],
  })
})

describe('where the book’s own service fails', () => {
  test('the same line, sent twice at the same time, is allocated once', async () => {
    await createBatch(onhand, { reference: 'desk-batch', sku: 'desk', quantity: 20 })
    const line = { orderId: 'twice', sku: 'desk', quantity: 2 }
    const answers = await Promise.all([
      allocate(onhand, line),
      allocate(onhand, line),
      allocate(onhand, line),
    ])
    expect(answers.map(({ batchReference }) => batchReference)).toEqual(Array(3).fill('desk-batch'))
    const { batch } = await onhand.gql(
      '{ batch(reference: "desk-batch", consistentWith: "latest") { allocated } }',
    )
    expect(batch).toEqual({ allocated: 2 })
    expect(await allocate(onhand, { ...line, quantity: 3 })).toMatchObject({
      userErrors: [{ code: 'LINE_ALREADY_ALLOCATED', quantity: 2 }],
    })
  })

  test('of two simultaneous commands that create the same batch, one is accepted', async () => {
    const batch = { reference: 'contested', sku: 'contested-sku', quantity: 5 }
    const answers = await Promise.all(Array.from({ length: 5 }, () => createBatch(onhand, batch)))
    const codes = answers.map(({ userErrors }) => userErrors[0]?.code ?? 'ACCEPTED')
    expect(codes.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'ACCEPTED',
      ...Array(4).fill('BATCH_REFERENCE_TAKEN'),
    ])
  })

  test('a command for an unknown batch is rejected without a crash', async () => {
    expect(await changeBatchQuantity(onhand, { reference: 'nope', quantity: 1 })).toMatchObject({
      userErrors: [{ code: 'BATCH_NOT_FOUND', message: 'There is no batch nope.', reference: 'nope' }],
    })
  })

  test('of 500 simultaneous buyers of 300 units, exactly 300 are accepted and 200 rejected', async () => {
    await createBatch(onhand, { reference: 'hot-batch', sku: 'hot', quantity: 300 })
    const buyers = Array.from({ length: 500 }, (_, buyer) => ({
      orderId: `buyer-${buyer}`,
      sku: 'hot',
      quantity: 1,
    }))
    const answers = await Promise.all(buyers.map((line) => allocate(onhand, line)))
    expect(answers.filter(({ token }) => token !== null)).toHaveLength(300)
    expect(answers.filter(({ userErrors }) => userErrors[0]?.code === 'OUT_OF_STOCK')).toHaveLength(200)
    const { product } = await onhand.gql(
      '{ product(sku: "hot", consistentWith: "latest") { allocated available status } }',
    )
    expect(product).toEqual({ allocated: 300, available: 0, status: 'OUT_OF_STOCK' })
  })
})
