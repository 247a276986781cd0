import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidValue, parseLogPosition } from '../../src/domain/values.ts'
import type { LogPosition } from '../../src/domain/values.ts'
import { formatToken, parseToken } from '../../src/log/token.ts'

const position = fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n }).map((at) => at as LogPosition)

describe('a token', () => {
  test('comes back as it went', () => {
    const partitions = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 99_999 }), position), {
      selector: ([partition]) => partition,
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(partitions, (entries) => {
        const token = new Map(entries)
        expect(parseToken(formatToken(token))).toEqual(token)
      }),
    )
  })

  test('reads as partition and position', () => {
    expect(formatToken(new Map([[0, 1234n as LogPosition]]))).toBe('0:1234')
    expect([...parseToken('0:1234,3:77')]).toEqual([
      [0, 1234n],
      [3, 77n],
    ])
  })

  test.each([
    '',
    ' ',
    '0',
    '1234',
    ':5',
    '0:',
    '0:-1',
    '0:1.5',
    '0:1,',
    ',0:1',
    '0:1 ',
    '00:1',
    '0:01',
    '100000:1',
    '0:9223372036854775808',
    '0:99999999999999999999',
    '0x1:1',
    'latest',
    '0:1;drop table',
    '٣:٤',
  ])('%j is none', (text) => {
    expect(() => parseToken(text)).toThrow(InvalidValue)
  })

  test('of more partitions than there can be is none, and not quoted at length', () => {
    const text = Array.from({ length: 1025 }, (_, partition) => `${partition}:1`).join(',')
    expect(() => parseToken(text)).toThrow(InvalidValue)
    expect(parseToken(text.slice(0, text.lastIndexOf(','))).size).toBe(1024)
    const message = (() => {
      try {
        return String(parseToken('x'.repeat(1_000_000)).size)
      } catch (error) {
        return (error as Error).message
      }
    })()
    expect(message.length).toBeLessThan(200)
  })

  test('whatever else is asked for is refused as a bad value', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9:,]{0,30}$/)), (text) => {
        try {
          expect(formatToken(parseToken(text)).length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidValue)
        }
      }),
    )
  })
})

describe('a position', () => {
  test('comes back as it went', () => {
    fc.assert(
      fc.property(position, (at) => {
        expect(parseLogPosition(String(at))).toBe(at)
      }),
    )
  })

  test.each(['', '-1', '+1', '01', '1e3', '1n', ' 1', '0x10', '9223372036854775808', 'NaN'])(
    '%j is none',
    (text) => {
      expect(() => parseLogPosition(text)).toThrow(InvalidValue)
    },
  )
})
