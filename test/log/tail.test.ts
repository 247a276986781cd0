import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RecordedEvent } from '../../src/domain/messages.ts'
import type { LogPosition } from '../../src/domain/values.ts'
import { LogTail } from '../../src/log/tail.ts'
import { recorded } from '../support/events.ts'

const at = (position: number) => BigInt(position) as LogPosition

/** The events `from` to `to`. */
const events = (from: number, to: number): RecordedEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) =>
    recorded(from + index, {
      type: 'LineBackordered',
      orderId: `o${from + index}`,
      sku: 'LAMP',
      quantity: 1,
    }),
  )

const positions = (found: readonly RecordedEvent[] | null) =>
  found && found.map(({ position }) => Number(position))

describe('the head', () => {
  test('is at the origin to begin with, and never goes back', () => {
    const tail = new LogTail(10)
    expect(tail.head(0)).toBe(0n)
    tail.advance(0, at(5))
    tail.advance(0, at(3))
    tail.advance(1, at(1))
    expect([tail.head(0), tail.head(1), tail.head(2)]).toEqual([5n, 1n, 0n])
  })

  test('is told to listeners when it has moved, until they have had enough', () => {
    const tail = new LogTail(10)
    const told: [number, bigint][] = []
    const end = tail.onAdvance((partition) => told.push([partition, tail.head(partition)]))
    tail.advance(0, at(2), events(1, 2))
    tail.advance(0, at(2))
    tail.advance(1, at(1))
    end()
    tail.advance(0, at(9))
    expect(told).toEqual([
      [0, 2n],
      [1, 1n],
    ])
  })
})

describe('recent events', () => {
  test('are those after a position, at most as many as asked for', () => {
    const tail = new LogTail(10)
    tail.advance(0, at(3), events(1, 3))
    tail.advance(0, at(5), events(4, 5))
    expect(positions(tail.recent(0, at(0), 10))).toEqual([1, 2, 3, 4, 5])
    expect(positions(tail.recent(0, at(2), 2))).toEqual([3, 4])
    expect(tail.recent(0, at(5), 10)).toBeNull()
    expect(tail.recent(1, at(0), 10)).toBeNull()
  })

  test('begin anew after a gap, which another process’s commit leaves', () => {
    const tail = new LogTail(10)
    tail.advance(0, at(2), events(1, 2))
    tail.advance(0, at(4))
    expect(positions(tail.recent(0, at(0), 10))).toEqual([1, 2])
    tail.advance(0, at(6), events(5, 6))
    expect(tail.recent(0, at(0), 10)).toBeNull()
    expect(tail.recent(0, at(3), 10)).toBeNull()
    expect(positions(tail.recent(0, at(4), 10))).toEqual([5, 6])
  })

  test('are not kept if the head was known before: it may be another log’s', () => {
    const tail = new LogTail(10)
    tail.advance(0, at(2))
    tail.advance(0, at(2), events(1, 2))
    expect(tail.recent(0, at(0), 10)).toBeNull()
  })

  test('are the last ones, when there are more than may be kept', () => {
    const tail = new LogTail(3)
    tail.advance(0, at(10), events(1, 10))
    expect(tail.recent(0, at(6), 10)).toBeNull()
    expect(positions(tail.recent(0, at(7), 10))).toEqual([8, 9, 10])
  })

  test('whatever comes, are right, gapless, and bounded', () => {
    const step = fc.record({ size: fc.integer({ min: 1, max: 6 }), seen: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), (steps, maxEvents) => {
        const tail = new LogTail(maxEvents)
        let head = 0
        for (const { size, seen } of steps) {
          tail.advance(0, at(head + size), seen ? events(head + 1, head + size) : [])
          head += size
          const longest = Array.from(
            { length: head },
            (_, after) => tail.recent(0, at(after), 1000)?.length ?? 0,
          )
          expect(Math.max(...longest)).toBeLessThanOrEqual(2 * maxEvents)
          for (let after = 0; after <= head; after += 1) {
            const found = positions(tail.recent(0, at(after), 1000))
            if (found !== null) expect(found).toEqual(found.map((_, index) => after + 1 + index))
          }
          // The commit just made is at hand, as far as it may be kept.
          if (seen)
            expect(positions(tail.recent(0, at(head - Math.min(size, maxEvents)), 1000))?.at(-1)).toBe(head)
        }
      }),
    )
  })
})
