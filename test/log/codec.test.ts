import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventKinds } from '../../src/domain/events.ts'
import { UnknownEvent, decodeEvent, encodeEvent } from '../../src/log/codec.ts'
import { anyEvent, event } from '../support/events.ts'
import type { PlainEvent } from '../support/events.ts'

test('any event survives encoding, JSON and decoding unchanged', () => {
  fc.assert(
    fc.property(anyEvent, (written) => {
      const { type, data } = encodeEvent(written)
      expect(decodeEvent({ type, data: JSON.parse(JSON.stringify(data)) })).toEqual(written)
    }),
  )
})

const line = { orderId: 'o', sku: 'LAMP', quantity: 2 }

/** Events as they are stored in existing logs. Add to this list, but never change an entry. */
const STORED: readonly [event: PlainEvent, data: string][] = [
  [
    { type: 'BatchCreated', reference: 'b', sku: 'LAMP', quantity: 10, eta: null },
    '{"reference":"b","sku":"LAMP","quantity":10,"eta":null}',
  ],
  [
    {
      type: 'BatchQuantityChanged',
      reference: 'b',
      sku: 'LAMP',
      eta: '2026-06-01',
      from: 10,
      to: 5,
      reason: 'count',
    },
    '{"reference":"b","sku":"LAMP","eta":"2026-06-01","from":10,"to":5,"reason":"count"}',
  ],
  [
    { type: 'LineAllocated', ...line, batchReference: 'b', eta: null },
    '{"orderId":"o","sku":"LAMP","quantity":2,"batchReference":"b","eta":null}',
  ],
  [
    { type: 'LineDeallocated', ...line, batchReference: 'b', eta: null, cause: 'REQUESTED', placed: 3n },
    '{"orderId":"o","sku":"LAMP","quantity":2,"batchReference":"b","eta":null,"cause":"REQUESTED","placed":"3"}',
  ],
  [{ type: 'LineBackordered', ...line }, '{"orderId":"o","sku":"LAMP","quantity":2}'],
  [{ type: 'BackorderCancelled', ...line }, '{"orderId":"o","sku":"LAMP","quantity":2}'],
]

test.each(STORED)('the stored form of $type has not changed', (plain, data) => {
  expect(JSON.stringify(encodeEvent(event(plain)).data)).toBe(data)
  expect(decodeEvent({ type: plain.type, data: JSON.parse(data) })).toEqual(plain)
})

test('the list has every type of event', () => {
  expect(new Set(STORED.map(([{ type }]) => type))).toEqual(new Set(Object.keys(eventKinds)))
})

test('decoding an event of an unknown type throws UnknownEvent', () => {
  expect(() => decodeEvent({ type: 'BatchBurnt', data: {} })).toThrow(UnknownEvent)
  expect(() => decodeEvent({ type: 'BatchBurnt', data: {} })).toThrow('an event of type BatchBurnt')
})
