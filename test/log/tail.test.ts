import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogTag } from '../../src/log/point.ts'
import type { LoggedEvent } from '../../src/log/read.ts'
import { LogTail } from '../../src/log/tail.ts'
import type { Commit } from '../../src/log/tail.ts'
import { point, recorded } from '../support/events.ts'

/** The commit of the events `from` to `to`, after the point before it. */
function commit(from: number, to: number, after = point(from - 1)): Commit {
  const events = Array.from({ length: to - from + 1 }, (_, index): LoggedEvent => {
    const at = from + index
    const event = recorded(at, { type: 'LineBackordered', orderId: `o${at}`, sku: 'LAMP', quantity: 1 })
    return { ...event, tag: at === to ? point(at).tag : null }
  })
  return { partition: 0, from: after, head: point(to), events }
}

const positions = (found: readonly LoggedEvent[] | null) =>
  found && found.map(({ position }) => Number(position))

describe('the head', () => {
  test('starts at the origin and never moves back', () => {
    const tail = new LogTail(10)
    expect(tail.head(0)).toEqual(point(0))
    tail.advance(0, point(5))
    tail.advance(0, point(3))
    tail.advance(1, point(1))
    expect([tail.head(0), tail.head(1), tail.head(2)]).toEqual([point(5), point(1), point(0)])
  })

  test('calls listeners after each move, until they unsubscribe', () => {
    const tail = new LogTail(10)
    const moves: [number, bigint][] = []
    const end = tail.onAdvance((partition) => moves.push([partition, tail.head(partition).position]))
    tail.add(commit(1, 2))
    tail.advance(0, point(2))
    tail.advance(1, point(1))
    end()
    tail.advance(0, point(9))
    expect(moves).toEqual([
      [0, 2n],
      [1, 1n],
    ])
  })
})

describe('recent events', () => {
  test('are the whole commits after a point, up to the limit', () => {
    const tail = new LogTail(10)
    tail.add(commit(1, 3))
    tail.add(commit(4, 5))
    expect(positions(tail.recent(0, point(0), 10))).toEqual([1, 2, 3, 4, 5])
    expect(positions(tail.recent(0, point(0), 4))).toEqual([1, 2, 3])
    expect(positions(tail.recent(0, point(3), 10))).toEqual([4, 5])
    expect(tail.recent(0, point(5), 10)).toBeNull()
    expect(tail.recent(1, point(0), 10)).toBeNull()
  })

  test('contain a commit that is longer than the limit as a whole', () => {
    const tail = new LogTail(10)
    tail.add(commit(1, 6))
    tail.add(commit(7, 8))
    expect(positions(tail.recent(0, point(0), 2))).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('are not returned for a point of another history with the same position', () => {
    const tail = new LogTail(10)
    tail.add(commit(1, 3))
    tail.add(commit(4, 5))
    const other = (position: number) => ({ ...point(position), tag: 77n as LogTag })
    expect(tail.recent(0, other(0), 10)).toBeNull()
    expect(tail.recent(0, other(3), 10)).toBeNull()
    tail.add(commit(6, 7, other(5)))
    expect(tail.recent(0, point(3), 10)).toBeNull()
    expect(positions(tail.recent(0, other(5), 10))).toEqual([6, 7])
  })

  test('start again after a commit of another process', () => {
    const tail = new LogTail(10)
    tail.add(commit(1, 2))
    tail.advance(0, point(4))
    expect(positions(tail.recent(0, point(0), 10))).toEqual([1, 2])
    tail.add(commit(5, 6))
    expect(tail.recent(0, point(0), 10)).toBeNull()
    expect(tail.recent(0, point(3), 10)).toBeNull()
    expect(positions(tail.recent(0, point(4), 10))).toEqual([5, 6])
  })

  test('do not contain a commit that is longer than the memory limit', () => {
    const tail = new LogTail(3)
    tail.add(commit(1, 4))
    expect(tail.head(0)).toEqual(point(4))
    expect(tail.recent(0, point(0), 10)).toBeNull()
    tail.add(commit(5, 6))
    expect(positions(tail.recent(0, point(4), 10))).toEqual([5, 6])
  })

  test('are always correct, gapless, whole commits, and bounded', () => {
    const step = fc.record({ size: fc.integer({ min: 1, max: 6 }), seen: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), (steps, maxEvents) => {
        const tail = new LogTail(maxEvents)
        const ends = new Set([0])
        let head = 0
        for (const { size, seen } of steps) {
          if (seen) tail.add(commit(head + 1, head + size))
          else tail.advance(0, point(head + size))
          ends.add(head + size)
          for (const after of ends) {
            const found = positions(tail.recent(0, point(after), 1000)) ?? []
            expect(found).toEqual(found.map((_, index) => after + 1 + index))
            expect(found.length).toBeLessThanOrEqual(2 * maxEvents)
            if (found.length > 0) expect(ends).toContain(found.at(-1))
          }
          // The last commit is in memory, unless it is too long.
          if (seen && size <= maxEvents)
            expect(positions(tail.recent(0, point(head), 1000))?.at(-1)).toBe(head + size)
          head += size
        }
      }),
    )
  })
})
