/**
 * Which results of an unordered stream `onhand/client` passes on: another server may send states again, or older ones.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Bookmark } from '../../src/client/bookmark.ts'

const SKUS = ['lamp', 'table', 'chair']
const states = fc.array(
  fc.record({
    sku: fc.constantFrom(...SKUS),
    partition: fc.nat(2),
    position: fc.integer({ min: 1, max: 30 }),
  }),
  { maxLength: 200 },
)

test('every newer state of a key passes, and no other', () => {
  fc.assert(
    fc.property(states, (stream) => {
      const bookmark = new Bookmark('', {})
      const newest = new Map<string, number>()
      for (const { sku, position } of stream) {
        const isNewer = position > (newest.get(sku) ?? 0)
        const passes = bookmark.move({ alias: { sku } }, `${SKUS.indexOf(sku)}:${position}`)
        expect(passes).toBe(isNewer)
        if (isNewer) newest.set(sku, position)
      }
    }),
  )
})

test('with several partitions, a state that is newer in one of them passes', () => {
  fc.assert(
    fc.property(states, (stream) => {
      const bookmark = new Bookmark('', {})
      const newest = new Map<number, number>()
      const cursor = () => [...newest].map((entry) => entry.join(':')).join(',')
      for (const { partition, position } of stream) {
        const isNewer = position > (newest.get(partition) ?? 0)
        if (isNewer) newest.set(partition, position)
        const told = isNewer ? cursor() : `${partition}:${position}`
        expect(bookmark.move({ order: { id: 'o' } }, told)).toBe(isNewer)
      }
      expect(bookmark.payload.extensions.after ?? '').toBe(cursor())
    }),
  )
})

test('a corrected state of the same version passes, an older one does not', () => {
  const bookmark = new Bookmark('', {})
  const lamp = (available: number) => ({ availabilityChanged: { sku: 'lamp', available } })
  expect(bookmark.move(lamp(7), '0:5,1:3')).toBe(true)
  expect(bookmark.move(lamp(7), '0:5,1:3')).toBe(false)
  expect(bookmark.move(lamp(10), '0:5,1:3')).toBe(true)
  expect(bookmark.move(lamp(10), '0:5,1:3')).toBe(false)
  expect(bookmark.move(lamp(8), '0:4,1:3')).toBe(false)
  expect(bookmark.move(lamp(8), '0:5')).toBe(false)
  expect(bookmark.move(lamp(9), '0:6,1:3')).toBe(true)
})

test('an order without lines passes until the order has a state', () => {
  const bookmark = new Bookmark('', {})
  const order = { allocationChanged: { id: 'o', lines: [] } }
  expect(bookmark.move(order, undefined)).toBe(true)
  expect(bookmark.move(order, '0:7')).toBe(true)
  expect(bookmark.move(order, undefined)).toBe(false)
})

test('results without a key all pass, and move the cursor', () => {
  const bookmark = new Bookmark('', {})
  for (const cursor of ['0:7', '0:7', '0:5']) {
    expect(bookmark.move({ availabilityChanged: { available: 1 } }, cursor)).toBe(true)
    expect(bookmark.payload.extensions.after).toBe(cursor)
  }
})

test('remembers a bounded number of keys', () => {
  const bookmark = new Bookmark('', {})
  const passes = (sku: string, position: number) => bookmark.move({ stockMoved: { sku } }, `0:${position}`)
  for (let position = 1; position <= 1001; position += 1) passes(`sku-${position}`, position)
  expect(passes('sku-2', 2)).toBe(false)
  expect(passes('sku-1', 1)).toBe(true)
})
