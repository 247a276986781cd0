import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Sku } from '../../src/domain/values.ts'
import { partitionOf } from '../../src/log/partition.ts'

const of = (sku: string, partitions: number) => partitionOf(sku as Sku, partitions)

/** If a product moved to another partition, its events would stay in the old one. */
test.each([
  ['LAMP', [1, 3, 11, 691]],
  ['a', [0, 0, 12, 220]],
  ['white-metal-lantern', [1, 1, 9, 25]],
  ['Größe 42', [0, 0, 12, 636]],
  ['灯', [0, 2, 14, 374]],
  ['😀', [0, 0, 8, 472]],
])('%s is where it always was', (sku, expected) => {
  expect([2, 4, 16, 1000].map((partitions) => of(sku, partitions))).toEqual(expected)
})

test('the partition of a product is always one of the existing ones', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), fc.integer({ min: 1, max: 5000 }), (sku, partitions) => {
      const partition = of(sku, partitions)
      expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true)
      expect(of(sku, 1)).toBe(0)
    }),
  )
})

test('products are distributed evenly over the partitions', () => {
  const counts = Array(16).fill(0) as number[]
  for (let at = 0; at < 16_000; at += 1) counts[of(`SKU-${at}`, 16)] = (counts[of(`SKU-${at}`, 16)] ?? 0) + 1
  expect(Math.min(...counts)).toBeGreaterThan(900)
  expect(Math.max(...counts)).toBeLessThan(1100)
})
