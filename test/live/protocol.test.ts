/** WebSocket clients that break the rules get the protocol's close code, and other clients are not affected. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { LiveSocket } from '../support/live-socket.ts'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand
let sockets: LiveSocket[] = []

beforeAll(async () => {
  onhand = await startTestOnhand()
  await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 1 })
})

afterAll(() => onhand.close())

afterEach(async () => {
  for (const socket of sockets) await socket.close()
  sockets = []
  expect((await fetch(`${onhand.url}/healthz`)).status).toBe(200)
})

async function connected(): Promise<LiveSocket> {
  const socket = await LiveSocket.open(onhand.url)
  sockets.push(socket)
  return socket
}

const subscribe = (id: unknown, query = 'subscription { stockMoved { sku } }') =>
  JSON.stringify({ id, type: 'subscribe', payload: { query } })
const INIT = '{"type":"connection_init"}'

/** Sends these messages without waiting for answers. */
async function closeAfter(messages: readonly string[], protocol: string | string[] = 'graphql-transport-ws') {
  const ws = new WebSocket(`${onhand.url.replace('http', 'ws')}/graphql`, protocol)
  ws.on('open', () => {
    for (const message of messages) ws.send(message)
  })
  const [code, reason] = (await once(ws, 'close')) as [number, Buffer]
  return { code, reason: String(reason) }
}

describe('the upgrade is rejected', () => {
  test.each([
    { why: 'from a foreign origin', path: '/graphql', origin: 'https://evil.example', status: 403 },
    { why: 'at another path', path: '/elsewhere', origin: undefined, status: 404 },
  ])('$why: $status', async ({ path, origin, status }) => {
    const ws = new WebSocket(`${onhand.url.replace('http', 'ws')}${path}`, 'graphql-transport-ws', {
      ...(origin !== undefined && { origin }),
    })
    ws.on('error', () => {})
    const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode: number }]
    expect(response.statusCode).toBe(status)
  })

  test('Apollo Sandbox is accepted', async () => {
    const ws = new WebSocket(`${onhand.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      origin: 'https://studio.apollographql.com',
    })
    await once(ws, 'open')
    ws.terminate()
  })
})

describe('the connection is closed', () => {
  test.each([
    { code: 4406, why: 'another protocol', messages: [], protocol: 'graphql-ws' },
    { code: 4406, why: 'no protocol', messages: [], protocol: [] },
    { code: 4401, why: 'a subscription before connection_init', messages: [subscribe('a')] },
    { code: 4401, why: 'a subscription before connection_ack', messages: [INIT, subscribe('a')] },
    { code: 4429, why: 'a second connection_init', messages: [INIT, INIT] },
    { code: 4400, why: 'invalid JSON', messages: ['{nope'] },
    { code: 4400, why: 'an unknown type', messages: ['{"type":"shout"}'] },
    { code: 4400, why: 'a type that servers send', messages: ['{"id":"1","type":"next","payload":{}}'] },
    {
      code: 4400,
      why: 'a ping that nests too deep to be answered',
      messages: [`{"type":"ping","payload":{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`],
    },
    {
      code: 1009,
      why: 'a message over 64 KB',
      messages: [JSON.stringify({ type: 'ping', payload: { x: 'x'.repeat(66_000) } })],
    },
    { code: 4408, why: 'no connection_init within 3 s', messages: [] },
  ])('$code for $why', async ({ code, messages, protocol }) => {
    expect(await closeAfter(messages, protocol)).toMatchObject({ code })
  })

  test.each([
    { code: 4409, why: 'an id in use', ids: ['a', 'a'] },
    { code: 4400, why: 'an id over 90 characters', ids: ['x'.repeat(91)] },
    { code: 4400, why: 'an empty id', ids: [''] },
    { code: 4400, why: 'an id that is not a string', ids: [5] },
  ])('$code for $why', async ({ code, ids }) => {
    const socket = await connected()
    for (const id of ids) socket.ws.send(subscribe(id))
    expect(await until(() => socket.closed)).toMatchObject({ code })
  })

  test('without a close frame if a peer answers no ping', async () => {
    const { hostname, port } = new URL(onhand.url)
    const raw = connect(Number(port), hostname)
    raw.write(
      `GET /graphql HTTP/1.1\r\nhost: ${hostname}\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
        'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'sec-websocket-protocol: graphql-transport-ws\r\n\r\n',
    )
    raw.on('error', () => {})
    raw.resume()
    // The peer sends no connection_init either, so the server sends a close frame, which the peer ignores.
    await once(raw, 'close')
  })
})

test('an invalid operation gets an error, and the other operations continue', async () => {
  const socket = await connected()
  socket.subscribe('good', 'subscription { availabilityChanged(skus: ["lamp"]) { sku } }')
  const wrong = [
    'subscription {',
    'subscription { nonesuch }',
    '{ projections { name } }',
    'mutation { deallocate(input: { orderId: "o", sku: "lamp" }) { token } }',
    'subscription { availabilityChanged(skus: []) { sku } }',
    'subscription { stockMoved(after: "yesterday") { sku } }',
    'subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { sku } }',
    'subscription A { stockMoved { sku } } subscription B { stockMoved { sku } }',
    `subscription { stockMoved { ${Array.from({ length: 16 }, (_, at) => `a${at}: sku`).join(' ')} } }`,
  ]
  for (const [at, query] of wrong.entries()) socket.subscribe(String(at), query)
  const errors = await until(() => {
    const found = socket.messages.filter(({ type }) => type === 'error')
    return found.length === wrong.length && found
  })
  for (const { payload } of errors) {
    expect(payload).toEqual([expect.objectContaining({ message: expect.any(String) })])
    expect(JSON.stringify(payload)).toMatch(/BAD_USER_INPUT|QUERY_TOO_COMPLEX/)
  }
  expect(socket.closed).toBeNull()
  await until(() => socket.results('good').length === 1)
})

test('a connection has at most 20 operations, and 10,000 attempts do no harm', async () => {
  const socket = await connected()
  for (let at = 0; at < 10_000; at += 1) socket.ws.send(subscribe(`s${at}`))
  await until(() => socket.messages.filter(({ type }) => type === 'error').length === 9980)
  expect(socket.messages.at(-1)?.payload).toMatchObject([
    { extensions: { code: 'RATE_LIMITED', retryable: true } },
  ])
  socket.complete('s0')
  socket.subscribe('one more', 'subscription { availabilityChanged(skus: ["lamp"]) { sku } }')
  await until(() => socket.results('one more').length === 1)
})

test('nothing remains of a client that has disconnected', async () => {
  const socket = await connected()
  socket.subscribe('a', 'subscription { availabilityChanged(skus: ["lamp"]) { sku } }')
  await until(() => socket.results('a').length === 1)
  const watchers = () => readMetric(onhand.url, 'onhand_live_watchers')
  const before = await watchers()
  const { _socket: raw } = socket.ws as unknown as { _socket: { resetAndDestroy: () => void } }
  raw.resetAndDestroy()
  await until(async () => (await watchers()) === before - 1)
})

test('a ping of the protocol is answered with its payload', async () => {
  const socket = await connected()
  socket.ws.send('{"type":"ping","payload":{"at":1}}')
  await until(() =>
    socket.messages.some(({ type, payload }) => type === 'pong' && (payload as { at?: number }).at === 1),
  )
})
