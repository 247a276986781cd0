import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogPoint, LogTag } from '../../src/log/point.ts'
import { Trail } from '../../src/log/trail.ts'
import { point } from '../support/events.ts'

const other = (position: number): LogPoint => ({ ...point(position), tag: 99n as LogTag })

test('a trail remembers only its last point while each point follows directly on the previous one', () => {
  const trail = new Trail()
  expect(trail.remembered).toEqual([])
  trail.move(point(2), point(0))
  trail.move(point(5), point(2))
  expect(trail.remembered).toEqual([point(5)])
  expect(trail.move(point(4), point(2))).toBe(false)
  expect(trail.point).toEqual(point(5))
})

test('a trail keeps a point that the next one does not directly follow, until the point is confirmed', () => {
  const trail = new Trail()
  trail.move(point(5), point(0))
  trail.move(point(9), other(5))
  trail.move(point(12), null)
  expect(trail.remembered).toEqual([point(5), point(9), point(12)])
  const found = trail.remembered
  trail.move(point(20), null)
  trail.confirm(found)
  // The point that was added after the look-up is not confirmed.
  expect(trail.remembered).toEqual([point(20)])
  trail.move(point(30), null)
  expect(trail.remembered).toEqual([point(20), point(30)])
})

test('a trail drops points at its limit, until some are confirmed', () => {
  const trail = new Trail()
  let position = 0
  while (trail.move(point(position + 1), null)) position += 1
  expect(trail.point).toEqual(point(position))
  expect(trail.remembered).toHaveLength(position)
  expect(position).toBeLessThan(100)
  trail.confirm(trail.remembered)
  expect(trail.move(point(position + 1), null)).toBe(true)
})

test('a trail that moved to a point of a lost history remembers such a point, and otherwise none', () => {
  const received = fc.array(
    fc.record({
      history: fc.nat(1),
      from: fc.nat(20),
      by: fc.integer({ min: 1, max: 5 }),
      linked: fc.boolean(),
    }),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(received, fc.nat(20), (messages, common) => {
      // The histories are the same up to `common`.
      const at = (history: number, position: number): LogPoint =>
        history === 0 || position <= common ? point(position) : other(position)
      const trail = new Trail()
      let lost = false
      for (const { history, from, by, linked } of messages) {
        const to = at(history, from + by)
        const moved = trail.move(to, linked ? at(history, from) : null)
        if (moved && to.tag === 99n) lost = true
      }
      const first = trail.remembered.every((remembered) => remembered.tag !== 99n)
      expect(first).toBe(!lost)
    }),
  )
})
