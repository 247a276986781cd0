import { describe, expect, test } from 'vitest'
import { allocate, changeBatchQuantity, createBatch, deallocate, given, outcome } from '../support/stock.ts'

const TODAY = '2026-06-01'
const TOMORROW = '2026-06-02'

describe('changeBatchQuantity', () => {
  test('changes the available units', () => {
    const stock = given(createBatch('batch1', 'ADORABLE-SETTEE', 100), changeBatchQuantity('batch1', 50))
    expect(stock.batch('batch1').quantity).toBe(50)
  })

  test('moves lines that no longer fit to another batch at once', () => {
    const stock = given(
      createBatch('batch1', 'INDIFFERENT-TABLE', 50, TODAY),
      createBatch('batch2', 'INDIFFERENT-TABLE', 50, TOMORROW),
      allocate('order1', 'INDIFFERENT-TABLE', 20),
      allocate('order2', 'INDIFFERENT-TABLE', 20),
    )
    const decision = stock.decide(changeBatchQuantity('batch1', 25, { reason: 'water damage' }))
    expect(outcome(decision)).toMatchObject([
      { type: 'BatchQuantityChanged', reference: 'batch1', from: 50, to: 25, reason: 'water damage' },
      {
        type: 'LineDeallocated',
        orderId: 'order2',
        batchReference: 'batch1',
        cause: 'BATCH_REDUCED',
        placed: 4n,
      },
      { type: 'LineAllocated', orderId: 'order2', batchReference: 'batch2', eta: TOMORROW },
    ])
    expect(stock.batch('batch1')).toMatchObject({ quantity: 25, allocated: 20 })
    expect(stock.batch('batch2').allocated).toBe(20)
  })

  test('displaces the newest lines first, and only as many as necessary', () => {
    const stock = given(
      createBatch('b', 'RUG', 9),
      ...['o1', 'o2', 'o3'].map((order) => allocate(order, 'RUG', 3)),
      changeBatchQuantity('b', 5),
    )
    expect(stock.line('o1', 'RUG')?.batchReference).toBe('b')
    expect(stock.line('o2', 'RUG')?.batchReference).toBeNull()
    expect(stock.line('o3', 'RUG')?.batchReference).toBeNull()
  })

  test('a moved line keeps its queue position: it is not the newest line of its new batch', () => {
    const stock = given(
      createBatch('first', 'RUG', 5),
      createBatch('second', 'RUG', 10, TODAY),
      allocate('early', 'RUG', 5),
      allocate('late', 'RUG', 5),
      changeBatchQuantity('first', 0), // moves `early` to the batch of `late`
      changeBatchQuantity('second', 5),
    )
    expect(stock.line('early', 'RUG')?.batchReference).toBe('second')
    expect(stock.line('late', 'RUG')?.batchReference).toBeNull()
  })

  test('a line that fits into no batch waits', () => {
    const stock = given(createBatch('b', 'LAMP', 10), allocate('o', 'LAMP', 10))
    expect(outcome(stock.decide(changeBatchQuantity('b', 4)))).toMatchObject([
      { type: 'BatchQuantityChanged' },
      { type: 'LineDeallocated', orderId: 'o' },
      { type: 'LineBackordered', orderId: 'o', quantity: 10 },
    ])
    expect(stock.line('o', 'LAMP')).toMatchObject({ batchReference: null, placed: 2n })
  })

  test('accepts a repeated waiting line, which still waits', () => {
    const stock = given(createBatch('b', 'LAMP', 10), allocate('o', 'LAMP', 10), changeBatchQuantity('b', 4))
    expect(stock.decide(allocate('o', 'LAMP', 10))).toMatchObject({
      status: 'accepted',
      events: [],
      batchReference: null,
    })
    expect(outcome(stock.decide(allocate('o', 'LAMP', 4)))).toMatchObject({
      type: 'LineAlreadyAllocated',
      quantity: 10,
    })
  })

  test('units that a displaced large line frees go to a smaller waiting line', () => {
    const stock = given(
      createBatch('b', 'LAMP', 12),
      allocate('large', 'LAMP', 9),
      allocate('small', 'LAMP', 3),
      changeBatchQuantity('b', 8), // `small` is newer, but only `large` does not fit
    )
    expect(stock.line('large', 'LAMP')?.batchReference).toBeNull()
    expect(stock.line('small', 'LAMP')?.batchReference).toBe('b')
    expect(stock.batch('b')).toMatchObject({ quantity: 8, allocated: 3 })
  })

  test('accepts the current quantity without an event, and rejects an unknown batch', () => {
    const stock = given(createBatch('b', 'LAMP', 10))
    expect(outcome(stock.decide(changeBatchQuantity('b', 10)))).toEqual([])
    expect(outcome(stock.decide(changeBatchQuantity('nope', 10)))).toEqual({
      type: 'BatchNotFound',
      reference: 'nope',
    })
  })

  test('rejects an outdated version of the batch', () => {
    const stock = given(createBatch('b', 'LAMP', 10), allocate('o', 'LAMP', 1))
    expect(outcome(stock.decide(changeBatchQuantity('b', 5, { expectedVersion: 1n })))).toEqual({
      type: 'StaleVersion',
      reference: 'b',
      expected: 1n,
      actual: 2n,
    })
    expect(stock.decide(changeBatchQuantity('b', 5, { expectedVersion: 2n })).status).toBe('accepted')
  })
})

describe('waiting lines get stock as soon as it is available', () => {
  const twoWaiting = () =>
    given(
      createBatch('b', 'LAMP', 10),
      allocate('first', 'LAMP', 5),
      allocate('second', 'LAMP', 5),
      changeBatchQuantity('b', 0),
    )

  test.each([
    ['a new batch', [createBatch('b2', 'LAMP', 5)], 'b2'],
    ['a batch that grows', [changeBatchQuantity('b', 5)], 'b'],
    ['a shipment', [createBatch('b2', 'LAMP', 5, TOMORROW)], 'b2'],
  ])('from %s, first come first served', (_, commands, reference) => {
    const stock = twoWaiting()
    for (const command of commands) expect(stock.decide(command).status).toBe('accepted')
    expect(stock.line('first', 'LAMP')?.batchReference).toBe(reference)
    expect(stock.line('second', 'LAMP')?.batchReference).toBeNull()
  })

  test('from a line that is removed', () => {
    const stock = twoWaiting()
    stock.decide(changeBatchQuantity('b', 5))
    stock.decide(deallocate('first', 'LAMP'))
    expect(stock.line('second', 'LAMP')?.batchReference).toBe('b')
  })

  test('even if a line before them is too large', () => {
    const stock = given(
      createBatch('b', 'LAMP', 10),
      allocate('large', 'LAMP', 8),
      allocate('small', 'LAMP', 2),
      changeBatchQuantity('b', 0),
      createBatch('b2', 'LAMP', 3),
    )
    expect(stock.line('large', 'LAMP')?.batchReference).toBeNull()
    expect(stock.line('small', 'LAMP')?.batchReference).toBe('b2')
  })
})
