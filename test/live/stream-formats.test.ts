import { expect, test } from 'vitest'
import { streamFormatOf } from '../../src/delivery/stream-formats.ts'

const typeOf = (accept: string) => streamFormatOf(accept)?.headers['content-type']?.split(';', 1)[0]

test.each([
  ['text/event-stream', 'text/event-stream'],
  ['application/json, text/event-stream;q=0.5', 'text/event-stream'],
  ['multipart/mixed;subscriptionSpec=1.0, application/json', 'multipart/mixed'],
  ['multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"', 'multipart/mixed'],
  ['application/json,multipart/mixed;subscriptionspec=1.0', 'multipart/mixed'],
  ['', undefined],
  ['*/*', undefined],
  ['application/json', undefined],
  ['multipart/mixed', undefined],
  ['multipart/mixed;deferSpec=20220824, application/json', undefined],
  ['application/json;subscriptionSpec=1.0', undefined],
])('%s', (accept, type) => expect(typeOf(accept)).toBe(type))

test('takes time linear in the header; a quadratic search would take minutes here', () => {
  for (const part of ['multipart/mixed', 'multipart/mixed;', 'multipart/mixed; subscriptionSpec', ';    '])
    expect(typeOf(`multipart/mixed${part.repeat(100_000)}event-stream`)).toBeUndefined()
})
