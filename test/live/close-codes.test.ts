/** The close codes for WebSocket clients that break the rules, by the bytes on a raw socket: the README's table, row by row. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { LiveSocket } from '../support/live-socket.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { createBatch } from '../support/operations.ts'
import { RawSocket, frame } from '../support/raw-socket.ts'
import type { UpgradeOptions } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand
let witness: LiveSocket

beforeAll(async () => {
  onhand = await startTestOnhand()
  await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 1 })
  witness = await LiveSocket.open(onhand.url)
})

afterAll(() => onhand.close())

afterEach(() => {
  expect(witness.closed).toBeNull()
})

const subscribe = (id: unknown, query: unknown = 'subscription { stockMoved { sku } }') =>
  JSON.stringify({ id, type: 'subscribe', payload: { query } })
const INIT = '{"type":"connection_init"}'
const PING_WITH_ACK = '{"type":"ping","payload":{"connection_ack":1,"type":"connection_ack"}}'

const closeCode = (raw: RawSocket) => until(() => raw.closeCode)

describe('the response to an upgrade is', () => {
  test.each<{ status: number; why: string; options: UpgradeOptions }>([
    { status: 101, why: 'graphql-transport-ws', options: {} },
    { status: 403, why: 'a foreign origin', options: { headers: { origin: 'https://evil.example' } } },
    { status: 404, why: 'another path', options: { path: '/elsewhere' } },
    { status: 400, why: 'no key', options: { headers: { 'sec-websocket-key': 'short' } } },
    { status: 400, why: 'an unknown version', options: { headers: { 'sec-websocket-version': '7' } } },
  ])('$status for $why', async ({ status, options }) => {
    const raw = await RawSocket.open(onhand.url, options)
    expect(raw.status).toBe(status)
    raw.socket.destroy()
  })
})

describe('before connection_ack, a connection is closed with', () => {
  test.each<{ code: number; why: string; messages: string[]; protocol?: string | null }>([
    { code: 4406, why: 'the legacy protocol', messages: [], protocol: 'graphql-ws' },
    { code: 4406, why: 'no protocol', messages: [], protocol: null },
    { code: 4408, why: 'no connection_init within 3 s', messages: [] },
    { code: 4401, why: 'subscribe before connection_init', messages: [subscribe('a')] },
    { code: 4401, why: 'subscribe before connection_ack', messages: [INIT, subscribe('a')] },
    { code: 4429, why: 'connection_init twice', messages: [INIT, INIT] },
    {
      code: 4400,
      why: 'connection_init with a payload that is not an object',
      messages: ['{"type":"connection_init","payload":5}'],
    },
  ])('$code for $why', async ({ code, messages, protocol = 'graphql-transport-ws' }) => {
    const raw = await RawSocket.open(onhand.url, { protocol })
    // All messages in one packet.
    raw.socket.write(Buffer.concat(messages.map((message) => frame(Buffer.from(message)))))
    expect(await closeCode(raw)).toBe(code)
    expect(raw.texts().filter((text) => text.includes('"next"'))).toEqual([])
    await until(() => raw.gone || raw.socket.destroy())
  })

  test('4401 for subscribe after a ping that contains connection_ack', async () => {
    const raw = await RawSocket.open(onhand.url)
    raw.send(PING_WITH_ACK)
    await until(() => raw.texts().some((text) => text.includes('pong')))
    raw.send(subscribe('a', 'subscription { availabilityChanged(skus: ["lamp"]) { sku } }'))
    expect(await closeCode(raw)).toBe(4401)
    expect(raw.texts().filter((text) => text.includes('"next"'))).toEqual([])
    raw.socket.destroy()
  })
})

describe('after connection_ack, a connection is closed with', () => {
  const FIVE = Buffer.from('hello')
  test.each<{ code: number; why: string; bytes: Buffer[] }>([
    { code: 4400, why: 'invalid JSON', bytes: [text('{nope')] },
    { code: 4400, why: 'JSON that is not an object', bytes: [text('[]')] },
    { code: 4400, why: 'no type', bytes: [text('{}')] },
    { code: 4400, why: 'an unknown type', bytes: [text('{"type":"shout"}')] },
    { code: 4400, why: 'a type that servers send', bytes: [text('{"type":"connection_ack"}')] },
    { code: 4400, why: 'an id that is not a string', bytes: [text(subscribe(5))] },
    { code: 4400, why: 'an empty id', bytes: [text(subscribe(''))] },
    { code: 4400, why: 'an id over 90 bytes', bytes: [text(subscribe('x'.repeat(91)))] },
    { code: 4400, why: 'an id over 90 bytes in 31 characters', bytes: [text(subscribe('商'.repeat(31)))] },
    { code: 4400, why: 'a query that is not a string', bytes: [text(subscribe('a', 5))] },
    {
      code: 4400,
      why: 'a ping that nests too deep to be answered',
      bytes: [text(`{"type":"ping","payload":{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`)],
    },
    { code: 4409, why: 'an id in use', bytes: [text(subscribe('a')), text(subscribe('a'))] },
    {
      code: 4409,
      why: 'an id in use that has 90 bytes in 30 characters',
      bytes: [text(subscribe('商'.repeat(30))), text(subscribe('商'.repeat(30)))],
    },
    { code: 4429, why: 'connection_init again', bytes: [text(INIT)] },
    { code: 1002, why: 'a frame without a mask', bytes: [frame(FIVE, { masked: false })] },
    { code: 1002, why: 'a reserved opcode', bytes: [frame(FIVE, { opcode: 3 })] },
    { code: 1002, why: 'a control frame in pieces', bytes: [frame(FIVE, { opcode: 9, final: false })] },
    { code: 1007, why: 'a text that is not UTF-8', bytes: [frame(Buffer.from([0xff, 0xfe]))] },
    { code: 1008, why: 'a message in 200 pieces', bytes: pieces(200) },
    { code: 1009, why: 'a message over 64 KB', bytes: [frame(Buffer.alloc(66_000, 'x'))] },
  ])('$code for $why', async ({ code, bytes }) => {
    const raw = await RawSocket.ready(onhand.url)
    for (const packet of bytes) raw.socket.write(packet)
    expect(await closeCode(raw)).toBe(code)
    raw.socket.destroy()
  })

  function text(message: string): Buffer {
    return frame(Buffer.from(message))
  }

  function pieces(count: number): Buffer[] {
    return Array.from({ length: count }, (_, at) =>
      frame(Buffer.from('x'), { opcode: at === 0 ? 1 : 0, final: false }),
    )
  }
})

test('1001 when the server stops', async () => {
  const stopping = await startTestOnhand()
  const raw = await RawSocket.ready(stopping.url)
  const closing = stopping.close()
  expect(await closeCode(raw)).toBe(1001)
  raw.socket.destroy()
  await closing
})

test('a peer that does not close its side is disconnected', async () => {
  const raw = await RawSocket.ready(onhand.url)
  raw.send('{nope')
  await closeCode(raw)
  // The server's side has ended; this side stays open.
  await until(() => raw.gone)
})

describe('too many connections', () => {
  let small: TestOnhand
  const from = (address: string) => ({ headers: { 'x-forwarded-for': `203.0.113.9, ${address}` } })
  const opened: RawSocket[] = []

  beforeAll(async () => {
    small = await startTestOnhand({ config: { maxLiveConnections: 4, maxLiveConnectionsPerAddress: 2 } })
  })

  afterAll(async () => {
    for (const { socket } of opened) socket.destroy()
    await small.close()
  })

  async function statusOf(address: string): Promise<number> {
    const raw = await RawSocket.open(small.url, from(address))
    if (raw.status === 101) opened.push(raw)
    return raw.status
  }

  test('429 from one address, 503 in total, over WebSocket and HTTP alike; a closed connection makes room for another', async () => {
    expect([await statusOf('192.0.2.1'), await statusOf('192.0.2.1')]).toEqual([101, 101])
    const stream = (address: string) =>
      fetch(`${small.url}/graphql`, {
        method: 'POST',
        headers: {
          accept: 'text/event-stream',
          'content-type': 'application/json',
          ...from(address).headers,
        },
        body: JSON.stringify({ query: 'subscription { stockMoved { sku } }' }),
      })
    const limited = await stream('192.0.2.1')
    expect(limited.status).toBe(429)
    expect(await limited.json()).toMatchObject({
      errors: [{ extensions: { code: 'RATE_LIMITED', retryable: true } }],
    })
    expect(await statusOf('192.0.2.1')).toBe(429)
    expect([await statusOf('192.0.2.2'), await statusOf('192.0.2.3')]).toEqual([101, 101])
    expect(await statusOf('192.0.2.4')).toBe(503)
    expect((await stream('192.0.2.4')).status).toBe(503)
    opened[0]?.socket.destroy()
    await until(async () => (await statusOf('192.0.2.1')) === 101)
  })
})
