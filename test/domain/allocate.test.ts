import { describe, expect, test } from 'vitest'
import { availableToPromise } from '../../src/domain/promise.ts'
import { allocate, changeBatchQuantity, createBatch, deallocate, given, outcome } from '../support/stock.ts'

const TODAY = '2026-06-01'
const TOMORROW = '2026-06-02'
const LATER = '2026-07-01'

describe('allocate', () => {
  test('reduces the available units of the batch', () => {
    const stock = given(createBatch('batch-001', 'SMALL-TABLE', 20), allocate('order-ref', 'SMALL-TABLE', 2))
    expect(stock.batch('batch-001')).toMatchObject({ quantity: 20, allocated: 2 })
  })

  test.each([
    { what: 'more than is ordered', has: 20, ordered: 2, accepted: true },
    { what: 'as much as is ordered', has: 2, ordered: 2, accepted: true },
    { what: 'less than is ordered', has: 2, ordered: 20, accepted: false },
  ])('a batch that has $what', ({ has, ordered, accepted }) => {
    const decision = given(createBatch('batch-001', 'ELEGANT-LAMP', has)).decide(
      allocate('o', 'ELEGANT-LAMP', ordered),
    )
    expect(decision.status === 'accepted').toBe(accepted)
  })

  test('ignores batches of other products', () => {
    const stock = given(createBatch('batch-001', 'UNCOMFORTABLE-CHAIR', 100))
    expect(outcome(stock.decide(allocate('o', 'EXPENSIVE-TOASTER', 10)))).toEqual({
      type: 'InvalidSku',
      sku: 'EXPENSIVE-TOASTER',
    })
  })

  test('accepts a repeated line and changes nothing', () => {
    const stock = given(createBatch('batch-001', 'ANGULAR-DESK', 20), allocate('o', 'ANGULAR-DESK', 2))
    expect(stock.decide(allocate('o', 'ANGULAR-DESK', 2))).toMatchObject({
      status: 'accepted',
      events: [],
      batchReference: 'batch-001',
    })
    expect(stock.batch('batch-001').allocated).toBe(2)
  })

  test('rejects an existing line with another quantity', () => {
    const stock = given(createBatch('batch-001', 'ANGULAR-DESK', 20), allocate('o', 'ANGULAR-DESK', 2))
    expect(outcome(stock.decide(allocate('o', 'ANGULAR-DESK', 3)))).toEqual({
      type: 'LineAlreadyAllocated',
      orderId: 'o',
      sku: 'ANGULAR-DESK',
      quantity: 2,
    })
  })

  test('prefers warehouse stock to incoming stock', () => {
    const stock = given(
      createBatch('shipment', 'CLOCK', 100, TOMORROW),
      createBatch('in-stock', 'CLOCK', 100),
    )
    stock.decide(allocate('oref', 'CLOCK', 10))
    expect(stock.batch('in-stock').allocated).toBe(10)
    expect(stock.batch('shipment').allocated).toBe(0)
  })

  test('prefers the earliest ETA, then the lowest reference', () => {
    const stock = given(
      createBatch('slow', 'SPOON', 100, LATER),
      createBatch('normal-b', 'SPOON', 100, TOMORROW),
      createBatch('normal-a', 'SPOON', 100, TOMORROW),
      createBatch('speedy', 'SPOON', 100, TODAY),
    )
    const taken = ['1', '2', '3', '4'].map((order) => {
      const decision = stock.decide(allocate(order, 'SPOON', 60))
      return decision.status === 'accepted' ? decision.batchReference : outcome(decision)
    })
    expect(taken).toEqual(['speedy', 'normal-a', 'normal-b', 'slow'])
  })

  test('returns the batch and records an event', () => {
    const stock = given(
      createBatch('in-stock', 'POSTER', 100),
      createBatch('shipment', 'POSTER', 100, TOMORROW),
    )
    const decision = stock.decide(allocate('oref', 'POSTER', 10))
    expect(decision).toMatchObject({ status: 'accepted', batchReference: 'in-stock' })
    expect(outcome(decision)).toEqual([
      {
        type: 'LineAllocated',
        orderId: 'oref',
        sku: 'POSTER',
        quantity: 10,
        batchReference: 'in-stock',
        eta: null,
      },
    ])
  })

  test('allocates a line from one batch only, even if two together have enough units', () => {
    const stock = given(createBatch('a', 'FORK', 6), createBatch('b', 'FORK', 5, TOMORROW))
    expect(outcome(stock.decide(allocate('o', 'FORK', 8)))).toEqual({
      type: 'OutOfStock',
      sku: 'FORK',
      requested: 8,
      available: 6,
      earliestDate: TOMORROW,
    })
  })

  test('OutOfStock states the available units and the earliest date', () => {
    const stock = given(createBatch('batch1', 'SMALL-FORK', 10, TODAY), allocate('order1', 'SMALL-FORK', 10))
    expect(outcome(stock.decide(allocate('order2', 'SMALL-FORK', 1)))).toEqual({
      type: 'OutOfStock',
      sku: 'SMALL-FORK',
      requested: 1,
      available: 0,
      earliestDate: null,
    })
  })

  test('each event carries its position, its time and its command id', () => {
    const stock = given(createBatch('b', 'POSTER', 10), allocate('o', 'POSTER', 1))
    expect(stock.log.map(({ position, commandId }) => [position, commandId])).toEqual([
      [1n, 'command-1'],
      [2n, 'command-2'],
    ])
  })
})

describe('deallocate', () => {
  test('makes the units available again', () => {
    const stock = given(createBatch('b', 'PILLOW', 10), allocate('o', 'PILLOW', 4))
    expect(outcome(stock.decide(deallocate('o', 'PILLOW')))).toEqual([
      {
        type: 'LineDeallocated',
        orderId: 'o',
        sku: 'PILLOW',
        quantity: 4,
        batchReference: 'b',
        eta: null,
        cause: 'REQUESTED',
        placed: 2n,
      },
    ])
    expect(stock.batch('b').allocated).toBe(0)
    expect(stock.line('o', 'PILLOW')).toBeUndefined()
  })

  test('rejects an unknown line and an unknown product', () => {
    const stock = given(createBatch('b', 'PILLOW', 10))
    expect(outcome(stock.decide(deallocate('o', 'PILLOW')))).toEqual({
      type: 'LineNotAllocated',
      orderId: 'o',
      sku: 'PILLOW',
    })
    expect(outcome(stock.decide(deallocate('o', 'NONESUCH')))).toEqual({
      type: 'InvalidSku',
      sku: 'NONESUCH',
    })
  })

  test('removes a waiting line', () => {
    const stock = given(
      createBatch('b', 'PILLOW', 10),
      allocate('o', 'PILLOW', 4),
      changeBatchQuantity('b', 1),
    )
    expect(outcome(stock.decide(deallocate('o', 'PILLOW')))).toEqual([
      { type: 'BackorderCancelled', orderId: 'o', sku: 'PILLOW', quantity: 4 },
    ])
    stock.decide(createBatch('b2', 'PILLOW', 10))
    expect(stock.batch('b2').allocated).toBe(0)
  })
})

describe('createBatch', () => {
  test('creates the product, or adds a batch to an existing one', () => {
    const stock = given(createBatch('b1', 'CRUNCHY-ARMCHAIR', 100), createBatch('b2', 'CRUNCHY-ARMCHAIR', 99))
    expect(stock.products.size).toBe(1)
    expect(stock.batch('b2').quantity).toBe(99)
  })

  test('rejects a reference that any product already uses', () => {
    const stock = given(createBatch('b', 'A', 1))
    expect(outcome(stock.decide(createBatch('b', 'B', 1)))).toEqual({
      type: 'BatchReferenceTaken',
      reference: 'b',
    })
  })

  test('rejects units beyond the GraphQL Int per product', () => {
    const stock = given(createBatch('b1', 'A', 2_147_483_647))
    const rejection = { type: 'StockLimitExceeded', sku: 'A', limit: 2_147_483_647 }
    expect(outcome(stock.decide(createBatch('b2', 'A', 1)))).toEqual(rejection)
    stock.decide(changeBatchQuantity('b1', 10))
    stock.decide(createBatch('b2', 'A', 1))
    expect(outcome(stock.decide(changeBatchQuantity('b1', 2_147_483_647)))).toEqual(rejection)
  })
})

describe('available to promise', () => {
  const batches = [
    { eta: LATER, available: 5 },
    { eta: null, available: 3 },
    { eta: TOMORROW, available: 0 },
    { eta: null, available: 4 },
  ] as Parameters<typeof availableToPromise>[0]

  test('has one entry per day with available units, and a running total', () => {
    expect(availableToPromise(batches)).toEqual([
      { date: null, quantity: 7, cumulative: 7 },
      { date: LATER, quantity: 5, cumulative: 12 },
    ])
  })
})
