import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { available } from '../../src/domain/product.ts'
import { InvalidValue, parseCalendarDate, parseSku } from '../../src/domain/values.ts'
import { LoadingStock, StockInMemory, allocate, changeBatchQuantity, createBatch } from '../support/stock.ts'
import { deallocate, outcome } from '../support/stock.ts'

/** Few names and small numbers, so that commands often concern the same batches and lines. */
const sku = fc.constantFrom('A', 'B')
const reference = fc.constantFrom('b1', 'b2', 'b3', 'b4')
const order = fc.constantFrom('o1', 'o2', 'o3', 'o4', 'o5', 'o6')
const eta = fc.constantFrom(null, '2026-06-01', '2026-07-01')
const units = fc.integer({ min: 1, max: 12 })

const command = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(reference, sku, units, eta).map((args) => createBatch(...args)) },
  { weight: 3, arbitrary: fc.tuple(reference, fc.nat(15)).map((args) => changeBatchQuantity(...args)) },
  { weight: 6, arbitrary: fc.tuple(order, sku, units).map((args) => allocate(...args)) },
  { weight: 3, arbitrary: fc.tuple(order, sku).map((args) => deallocate(...args)) },
)

describe('after any sequence of commands', () => {
  test('no batch is oversold, no line is lost, and no line waits for available stock', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const stock = new StockInMemory()
        for (const next of commands) {
          stock.decide(next)
          const lines = [...stock.lines.values()]
          for (const product of stock.products.values()) {
            for (const batch of product.batches) {
              const inBatch = lines.filter(({ batchReference }) => batchReference === batch.reference)
              expect(batch.allocated).toBe(inBatch.reduce((sum, { quantity }) => sum + quantity, 0))
              expect(batch.allocated).toBeLessThanOrEqual(batch.quantity)
            }
            const waiting = lines.filter((line) => line.sku === product.sku && line.batchReference === null)
            for (const { quantity } of waiting) expect(product.leastWaiting).toBeLessThanOrEqual(quantity)
            const most = Math.max(0, ...product.batches.map(available))
            for (const { quantity } of waiting) expect(quantity).toBeGreaterThan(most)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  test('a rejected command has changed nothing, and each line exists until it is removed', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const stock = new StockInMemory()
        const accepted = new Set<string>()
        for (const next of commands) {
          const before = stock.log.length
          const decision = stock.decide(next)
          if (decision.status === 'rejected') expect(stock.log.length).toBe(before)
          else if (next.type === 'Allocate') accepted.add(`${next.orderId} ${next.sku}`)
          else if (next.type === 'Deallocate') accepted.delete(`${next.orderId} ${next.sku}`)
        }
        expect(new Set([...stock.lines.values()].map((line) => `${line.orderId} ${line.sku}`))).toEqual(
          accepted,
        )
      }),
      { numRuns: 500 },
    )
  })

  test('decisions are the same whether all lines are loaded or only those that are needed', () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        (commands, linesPerLoad) => {
          const loaded = new StockInMemory()
          const loading = new LoadingStock(linesPerLoad)
          for (const next of commands)
            expect(outcome(loading.decide(next))).toEqual(outcome(loaded.decide(next)))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('the same stock can be rebuilt from the log alone', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const stock = new StockInMemory()
        for (const next of commands) stock.decide(next)
        const replayed = new StockInMemory()
        for (const recorded of stock.log) replayed.evolve(recorded)
        expect(replayed.products).toEqual(stock.products)
        expect(replayed.lines).toEqual(stock.lines)
      }),
    )
  })
})

describe('values', () => {
  test('a name of 1 to 255 characters without control characters is accepted unchanged, any other is rejected', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const characters = Array.from(text)
        const good = characters.length >= 1 && characters.length <= 255 && !/\p{Cc}/u.test(text)
        if (good) expect(parseSku(text)).toBe(text)
        else expect(() => parseSku(text)).toThrow(InvalidValue)
      }),
    )
  })

  test.each(['lone surrogate \ud800', '', 'a\u0000b', 'a\nb', '\u0085'])('%j is rejected', (text) => {
    expect(() => parseSku(text)).toThrow(InvalidValue)
  })

  test('a character outside of the basic multilingual plane counts as one character', () => {
    expect(parseSku('😀'.repeat(255))).toHaveLength(510)
    expect(() => parseSku('😀'.repeat(256))).toThrow('has 256 characters; at most 255 are allowed')
  })

  test.each([
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-1-1',
    '0000-01-01',
    '2026-04-31',
    'tomorrow',
    '',
  ])('there is no day %j', (text) => {
    expect(() => parseCalendarDate(text)).toThrow(InvalidValue)
  })

  test.each(['2024-02-29', '0099-12-31', '9999-12-31'])('%j is a calendar date', (text) => {
    expect(parseCalendarDate(text)).toBe(text)
  })
})
