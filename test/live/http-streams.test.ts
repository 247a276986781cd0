/** Live operations over HTTP: server-sent events and multipart responses, from the same groups as over WebSocket. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

const SSE = 'text/event-stream'
const MULTIPART = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json'
const STATE = 'subscription { availabilityChanged(skus: ["lamp"]) { sku available } }'

let onhand: TestOnhand
let aborts: AbortController[]
let orders = 0

beforeAll(async () => {
  onhand = await startTestOnhand()
  await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 100_000 })
})

afterAll(() => onhand.close())

beforeEach(() => {
  aborts = []
})

afterEach(() => {
  for (const abort of aborts) abort.abort()
})

interface Stream {
  readonly response: Response
  readonly text: () => string
}

async function open(accept: string, query: string, headers = {}, method = 'POST'): Promise<Stream> {
  const abort = new AbortController()
  aborts.push(abort)
  const url = `${onhand.url}/graphql${method === 'GET' ? `?query=${encodeURIComponent(query)}` : ''}`
  const response = await fetch(url, {
    method,
    headers: { accept, 'content-type': 'application/json', ...headers },
    ...(method === 'POST' && { body: JSON.stringify({ query }) }),
    signal: abort.signal,
  })
  let text = ''
  const decoder = new TextDecoder()
  const read = async () => {
    for await (const chunk of response.body ?? [])
      text += decoder.decode(chunk as Uint8Array, { stream: true })
  }
  read().catch(() => {})
  return { response, text: () => text }
}

const buyOne = async () => {
  orders += 1
  await allocate(onhand, { orderId: `o${orders}`, sku: 'lamp', quantity: 1 })
}

/** Complete events, as an EventSource dispatches them. */
function events({ text }: Stream) {
  const blocks = text().split('\n\n').slice(0, -1)
  return blocks.flatMap((block) => {
    const fields = Object.fromEntries(
      block
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    )
    return 'event' in fields ? [{ ...fields, data: fields['data'] && JSON.parse(fields['data']) }] : []
  }) as { event: string; id?: string; data: any }[]
}

/** Complete parts, as Apollo Client parses them. */
function parts({ text }: Stream): any[] {
  const pieces = text().split('--graphql').slice(1, -1)
  return pieces.map((piece) => JSON.parse(piece.slice(piece.indexOf('\r\n\r\n'))))
}

describe('server-sent events', () => {
  test.each(['POST', 'GET'])('by %s: the current state, then changes, each with an id', async (method) => {
    const stream = await open(SSE, STATE, {}, method)
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    await until(() => events(stream).length === 1)
    await buyOne()
    await until(() => events(stream).length === 2)
    const available = 100_000 - orders
    expect(events(stream)).toMatchObject([
      { event: 'next', data: { data: { availabilityChanged: { sku: 'lamp', available: available + 1 } } } },
      { event: 'next', data: { data: { availabilityChanged: { sku: 'lamp', available } } } },
    ])
    expect(events(stream)[1]?.id).toBe(events(stream)[1]?.data.extensions.cursor)
  })

  test('resume after the Last-Event-ID', async () => {
    const query = 'subscription { stockMoved { position } }'
    for (let time = 0; time < 5; time += 1) await buyOne()
    const first = await open(SSE, query, { 'last-event-id': '0:0' })
    await until(() => events(first).length === orders + 1)
    const third = events(first)[2]?.id as string
    const second = await open(SSE, query, { 'last-event-id': third })
    await until(() => events(second).length === orders - 2)
    expect([...events(first).slice(0, 3), ...events(second)]).toEqual(events(first))
  })
})

test('multipart: the current state, then changes, as Apollo Client requests them', async () => {
  const stream = await open(MULTIPART, STATE)
  expect(stream.response.headers.get('content-type')).toBe(
    'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
  )
  await until(() => parts(stream).length === 1)
  await buyOne()
  await until(() => parts(stream).length === 2)
  expect(parts(stream)[1].payload.data).toEqual({
    availabilityChanged: { sku: 'lamp', available: 100_000 - orders },
  })
})

test('all transports share one execution', async () => {
  const socket = onhand.subscribe(STATE)
  await socket.next()
  const streams = [await open(SSE, STATE), await open(MULTIPART, STATE)] as const
  await until(() => events(streams[0]).length === 1 && parts(streams[1]).length === 1)
  const before = await readMetric(onhand.url, 'onhand_executions_total')
  await buyOne()
  await socket.next()
  await until(() => events(streams[0]).length === 2 && parts(streams[1]).length === 2)
  expect((await readMetric(onhand.url, 'onhand_executions_total')) - before).toBe(1)
  await socket.end()
})

test.each([SSE, MULTIPART])('an invalid operation gets status 400: %s', async (accept) => {
  const answer = await open(accept, 'subscription { availabilityChanged(skus: []) { sku } }')
  expect(answer.response.status).toBe(400)
  await until(() => answer.text().endsWith('}'))
  expect(JSON.parse(answer.text())).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
})

test.each([5, 'x', ['x'], true])('variables that are not an object get status 400: %j', async (variables) => {
  const response = await fetch(`${onhand.url}/graphql`, {
    method: 'POST',
    headers: { accept: `${SSE}, application/json`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: STATE, variables }),
  })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
})

test('a client that accepts multipart for subscriptions gets JSON for a query', async () => {
  const answer = await open(MULTIPART, '{ product(sku: "lamp") { sku } }')
  await until(() => answer.text().trim().endsWith('}'))
  expect(JSON.parse(answer.text())).toEqual({ data: { product: { sku: 'lamp' } } })
})

test('a page of a foreign origin cannot read streams', async () => {
  const stream = await open(SSE, STATE, { origin: 'https://evil.example' })
  expect(stream.response.headers.get('access-control-allow-origin')).toBeNull()
  const welcome = await open(SSE, STATE, { origin: 'https://studio.apollographql.com' })
  expect(welcome.response.headers.get('access-control-allow-origin')).toBe('https://studio.apollographql.com')
})

test('the server releases a stream when its client disconnects', async () => {
  const streams = () => readMetric(onhand.url, 'onhand_streams')
  await until(async () => (await streams()) === 0)
  const stream = await open(SSE, STATE)
  await until(() => events(stream).length === 1)
  expect(await streams()).toBe(1)
  aborts.at(-1)?.abort()
  await until(async () => (await streams()) === 0)
})
