import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidValue, parseLogPosition } from '../../src/domain/values.ts'
import type { LogPosition } from '../../src/domain/values.ts'
import { formatToken, parseCursor, parseToken } from '../../src/log/token.ts'
import { EPOCH } from '../support/events.ts'

const position = fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n }).map((at) => at as LogPosition)

describe('a token', () => {
  test('is unchanged after formatting and parsing', () => {
    const partitions = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 99_999 }), position), {
      selector: ([partition]) => partition,
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(partitions, (entries) => {
        const token = { epoch: EPOCH, positions: new Map(entries) }
        expect(parseToken(formatToken(token))).toEqual(token)
      }),
    )
  })

  test('is an epoch, followed by partitions and positions', () => {
    const positions = new Map([[0, 1234n as LogPosition]])
    expect(formatToken({ epoch: EPOCH, positions })).toBe('e1.0:1234')
    const parsed = parseToken('8f3a.0:1234,3:77')
    expect(parsed.epoch).toBe('8f3a')
    expect([...parsed.positions]).toEqual([
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
    '.0:1',
    'E1.0:1',
    'e1.e1.0:1',
    '0:1,0:2',
  ])('%j is not a position', (text) => {
    expect(() => parseToken(text)).toThrow(InvalidValue)
    expect(() => parseToken(`e1.${text}`)).toThrow(InvalidValue)
  })

  test('requires an epoch', () => {
    expect(() => parseToken('0:1')).toThrow(InvalidValue)
  })

  test('with more than 1024 partitions is rejected, and the error quotes only its beginning', () => {
    const text = `e1.${Array.from({ length: 1025 }, (_, partition) => `${partition}:1`).join(',')}`
    expect(() => parseToken(text)).toThrow(InvalidValue)
    expect(parseToken(text.slice(0, text.lastIndexOf(','))).positions.size).toBe(1024)
    const message = (() => {
      try {
        return String(parseToken('x'.repeat(1_000_000)).epoch)
      } catch (error) {
        return (error as Error).message
      }
    })()
    expect(message.length).toBeLessThan(200)
  })

  test('parsing any other text throws InvalidValue', () => {
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

describe('a cursor', () => {
  test('is a token, positions without an epoch, or a position in a given partition', () => {
    expect(parseCursor('e1.0:5,1:7', null)).toEqual(parseToken('e1.0:5,1:7'))
    expect(parseCursor('0:5,1:7', null)).toEqual({ ...parseToken('e1.0:5,1:7'), epoch: null })
    expect(parseCursor('12', 3)).toEqual({ epoch: null, positions: new Map([[3, 12n]]) })
    expect(() => parseCursor('12', null)).toThrow('several partitions')
  })

  test.each(['', 'e1.', 'e1.5', '0:', 'latest', '-1', '0:1;'])('%j is not a cursor', (text) => {
    expect(() => parseCursor(text, 0)).toThrow(InvalidValue)
  })
})

describe('a position', () => {
  test('is unchanged after formatting and parsing', () => {
    fc.assert(
      fc.property(position, (at) => {
        expect(parseLogPosition(String(at))).toBe(at)
      }),
    )
  })

  test.each(['', '-1', '+1', '01', '1e3', '1n', ' 1', '0x10', '9223372036854775808', 'NaN'])(
    '%j is not a position',
    (text) => {
      expect(() => parseLogPosition(text)).toThrow(InvalidValue)
    },
  )
})
