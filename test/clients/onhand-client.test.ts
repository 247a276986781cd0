/** `onhand/client`: what it adds to graphql-ws, against servers that fail. */
import { parse } from 'graphql'
import type { DocumentNode } from 'graphql'
import { afterAll, afterEach, beforeAll, expect, expectTypeOf, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createOnhandClient } from '../../src/client/index.ts'
import type { ConnectionStatus, OnhandClient, OnhandClientError } from '../../src/client/index.ts'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { openProxy } from '../support/proxy.ts'
import type { Proxy } from '../support/proxy.ts'
import { until } from '../support/until.ts'

const STATE = 'subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { sku available version } }'
const LEDGER = 'subscription ($after: String) { stockMoved(after: $after) { position } }'
/** About 10 KB each, so that the kernel's buffers fill up quickly. */
const WIDE_LEDGER = `subscription { stockMoved(after: "0") { position ${Array.from({ length: 14 }, (_, at) => `a${at}: batchReference`).join(' ')} } }`

/** Long enough for a busy machine. */
const STALE_AFTER_MS = 1000

let onhand: TestOnhand
let proxy: Proxy
let orders = 0
const clients: OnhandClient[] = []

beforeAll(async () => {
  onhand = await startTestOnhand()
  for (const sku of ['lamp', 'table']) {
    await createBatch(onhand, { reference: `${sku}-${'x'.repeat(240)}`, sku, quantity: 1_000_000 })
  }
  proxy = await openProxy(onhand.url)
})

afterAll(async () => {
  await proxy.close()
  await onhand.close()
})

afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  proxy.resume()
})

function connect(options: { staleAfterMs?: number; webSocketImpl?: unknown } = {}): OnhandClient {
  const client = createOnhandClient({ url: `${proxy.url}/graphql`, webSocketImpl: WebSocket, ...options })
  clients.push(client)
  return client
}

/** Everything that a watcher receives. */
class Told<Data = any> {
  readonly data: Data[] = []
  readonly errors: OnhandClientError[] = []
  readonly states: ConnectionStatus[] = []
  readonly next = (data: Data) => void this.data.push(data)
  readonly error = (error: OnhandClientError) => void this.errors.push(error)
  readonly state = (status: ConnectionStatus) => void this.states.push(status)

  positions(): number[] {
    return this.data.map((data: any) => Number(data.stockMoved.position))
  }
}

function watch(client: OnhandClient, query: string, variables: Record<string, unknown>): Told {
  const told = new Told()
  client.watch(query, variables, told)
  return told
}

async function sell(sku: string, times = 1): Promise<void> {
  const sales = Array.from({ length: times }, () => {
    orders += 1
    return allocate(onhand, { orderId: `o${orders}`, sku, quantity: 1 })
  })
  await Promise.all(sales)
}

async function head(): Promise<number> {
  return Number((await onhand.gql('{ projections { head } }')).projections[0].head)
}

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, at) => at + first)

test('delivers the state, then changes, over a connection that ends with the last watcher', async () => {
  const client = connect()
  const told = new Told()
  const stop = client.watch(STATE, { skus: ['lamp'] }, told)
  const { available } = await until(() => told.data[0]?.availabilityChanged)
  await sell('lamp')
  await until(() => told.data.at(-1).availabilityChanged.available === available - 1)
  expect(client.status.state).toBe('live')
  stop()
  await until(() => client.status.state === 'reconnecting')
  expect(told.errors).toEqual([])
})

test('resumes after the connection is cut: no movement is missed or repeated, no state is shown twice', async () => {
  const client = connect()
  const ledger = watch(client, LEDGER, { after: '0' })
  const states = watch(client, STATE, { skus: ['lamp', 'table'] })
  await until(async () => ledger.data.length === (await head()) && states.data.length === 2)
  for (let time = 0; time < 3; time += 1) {
    proxy.cut()
    await sell('lamp', 20)
    await until(async () => ledger.data.length >= (await head()))
  }
  const { product } = await onhand.gql('{ product(sku: "lamp", consistentWith: "latest") { available } }')
  await until(() => states.data.at(-1).availabilityChanged.available === product.available)
  expect(ledger.positions()).toEqual(upTo(await head()))
  const shown = states.data.map(({ availabilityChanged }) => availabilityChanged)
  expect(shown.filter(({ sku }) => sku === 'table')).toHaveLength(1)
  const versions = shown.filter(({ sku }) => sku === 'lamp').map(({ version }) => Number(version))
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b))
  for (const told of [ledger, states]) {
    expect(told.errors).toEqual([])
    const turns = Array.from({ length: 4 }, () => ['reconnecting', 'live']).flat()
    expect(told.states.map(({ state }) => state)).toEqual(turns)
  }
})

test('resumes with several partitions, each with its own positions', async () => {
  const onhand = await startTestOnhand({ config: { partitions: 3 } })
  const proxy = await openProxy(onhand.url)
  const client = createOnhandClient({ url: `${proxy.url}/graphql`, webSocketImpl: WebSocket })
  const told = watch(client, 'subscription { stockMoved(after: "0:0,1:0,2:0") { sku position orderId } }', {})
  const skus = Array.from({ length: 8 }, (_, at) => `sku-${at}`)
  for (const sku of skus) await createBatch(onhand, { reference: sku, sku, quantity: 100 })
  for (let time = 0; time < 3; time += 1) {
    await until(() => told.data.length === skus.length * (time + 1))
    proxy.cut()
    for (const sku of skus) await allocate(onhand, { orderId: `o${time}`, sku, quantity: 1 })
  }
  await until(() => told.data.length >= skus.length * 4)
  for (const sku of skus) {
    const movements = told.data.map(({ stockMoved }) => stockMoved).filter((moved) => moved.sku === sku)
    expect(movements.map(({ orderId }) => orderId)).toEqual([null, 'o0', 'o1', 'o2'])
  }
  expect(told.errors).toEqual([])
  client.close()
  await proxy.close()
  await onhand.close()
})

test('is stale when the server falls silent, and live again once a server answers', async () => {
  const client = connect({ staleAfterMs: STALE_AFTER_MS })
  const told = watch(client, STATE, { skus: ['lamp'] })
  await until(() => told.data.length === 1)
  // Nothing changes for longer than that, but pings keep it live.
  const quietSince = performance.now()
  await until(() => performance.now() - quietSince > 2 * STALE_AFTER_MS)
  expect(client.status.state).toBe('live')
  const before = new Date()
  proxy.stall()
  await until(() => client.status.state === 'stale')
  expect(client.status.since.getTime()).toBeGreaterThan(before.getTime() - STALE_AFTER_MS)
  expect(client.status.since.getTime()).toBeLessThanOrEqual(Date.now() - STALE_AFTER_MS)
  await sell('lamp')
  proxy.resume()
  await until(() => client.status.state === 'live' && told.data.length === 2)
  expect(told.states.map(({ state }) => state)).toEqual(['reconnecting', 'live', 'stale', 'live'])
})

test('is stale if there is no server for that long', async () => {
  const nowhere = await openProxy(onhand.url)
  await nowhere.close()
  const client = createOnhandClient({
    url: `${nowhere.url}/graphql`,
    webSocketImpl: WebSocket,
    staleAfterMs: STALE_AFTER_MS,
  })
  clients.push(client)
  const told = watch(client, STATE, { skus: ['lamp'] })
  await until(() => client.status.state === 'stale')
  expect(told.states.map(({ state }) => state)).toEqual(['reconnecting', 'stale'])
  expect(told.errors).toEqual([])
})

test('reconnects and resumes after it was disconnected as too slow', async () => {
  const told = watch(connect(), WIDE_LEDGER, {})
  await until(async () => told.data.length === (await head()))
  const cutOff = () => readMetric(onhand.url, 'onhand_sockets_closed_total{code="1013"}')
  const before = await cutOff()
  proxy.stall()
  await until(async () => {
    await sell('lamp', 100)
    return (await cutOff()) === before + 1
  })
  proxy.resume()
  await until(async () => told.data.length >= (await head()))
  expect(told.positions()).toEqual(upTo(await head()))
  expect(told.errors).toEqual([])
})

test('a slow loop gets every movement', async () => {
  const from = await head()
  const movements = connect().iterate<any>(LEDGER, { after: String(from) })
  await sell('table', 1)
  const positions = [Number((await movements.next()).value.stockMoved.position)]
  const watchers = () => readMetric(onhand.url, 'onhand_live_watchers')
  expect(await watchers()).toBe(1)
  // Far more than may wait for a loop, so it has unsubscribed meanwhile.
  await sell('table', 1500)
  await until(async () => (await watchers()) === 0)
  const last = await head()
  for await (const { stockMoved } of movements) {
    positions.push(Number(stockMoved.position))
    if (positions.at(-1) === last) break
  }
  expect(positions).toEqual(upTo(last, from + 1))
})

test('a loop ends on `return`, also while it waits, and when the client is closed', async () => {
  const client = connect()
  const loops = [client.iterate(LEDGER, {}), client.iterate(LEDGER, {})] as const
  const awaited = loops.map((loop) => loop.next())
  await until(() => client.status.state === 'live')
  await loops[0].return()
  client.close()
  expect(await Promise.all(awaited)).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ])
})

test('passes on the server’s error if a subscription is rejected', async () => {
  const client = connect()
  const told = watch(client, 'subscription { availabilityChanged(skus: []) { sku } }', {})
  const error = await until(() => told.errors[0])
  expect(error).toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringContaining('skus') })
  expect(error.errors).toHaveLength(1)
  await expect(client.iterate('subscription { nothing }', {}).next()).rejects.toMatchObject({
    name: 'OnhandClientError',
    code: 'BAD_USER_INPUT',
  })
})

test('does not reconnect if the server rejects the connection', async () => {
  let connections = 0
  const server = new WebSocketServer({ port: 0, handleProtocols: () => 'graphql-transport-ws' })
  server.on('connection', (socket) => {
    connections += 1
    socket.close(4403, 'Forbidden')
  })
  const { port } = server.address() as { port: number }
  const client = createOnhandClient({ url: `ws://127.0.0.1:${port}/graphql`, webSocketImpl: WebSocket })
  const told = watch(client, STATE, { skus: ['lamp'] })
  const error = await until(() => told.errors[0])
  expect(error).toMatchObject({ code: 4403, message: 'The server closed the connection: Forbidden (4403)' })
  expect(connections).toBe(1)
  server.close()
})

test('an error of a watcher is thrown to the application, and other watchers continue', async () => {
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const uncaught: unknown[] = []
  process.on('uncaughtException', (error) => uncaught.push(error))
  const client = connect()
  const failing = () => {
    throw new Error('a bug of the page')
  }
  client.watch(STATE, { skus: ['lamp'] }, { next: failing })
  const told = watch(client, STATE, { skus: ['lamp'] })
  await until(() => told.data.length === 1 && uncaught.length === 1)
  await sell('lamp')
  await until(() => told.data.length === 2 && uncaught.length === 2)
  process.removeAllListeners('uncaughtException')
  for (const other of others) process.on('uncaughtException', other)
  expect(told.states.map(({ state }) => state)).toEqual(['reconnecting', 'live'])
})

test('connections to a silent server are closed again and again, without an error in the process', async () => {
  proxy.stall()
  const attempts: unknown[] = []
  class CountedWebSocket extends WebSocket {
    constructor(...opening: ConstructorParameters<typeof WebSocket>) {
      super(...opening)
      attempts.push(this)
    }
  }
  const client = connect({ staleAfterMs: 200, webSocketImpl: CountedWebSocket })
  const told = watch(client, STATE, { skus: ['lamp'] })
  // `ws` emits an error for a connection that is closed before it is open. Without a listener it would end the process.
  await until(() => attempts.length > 2)
  proxy.resume()
  await until(() => told.data.length > 0)
  expect(told.errors).toEqual([])
})

test('accepts typed documents', async () => {
  interface Data {
    availabilityChanged: { sku: string; available: number; version: string }
  }
  const document = parse(STATE) as DocumentNode & { __apiType?: (variables: { skus: string[] }) => Data }
  const loop = connect().iterate(document, { skus: ['lamp'] })
  const { value } = await loop.next()
  if (value === undefined) throw new Error('There was no state.')
  expectTypeOf(value).toEqualTypeOf<Data>()
  expect(value.availabilityChanged.sku).toBe('lamp')
  await loop.return()
  const typed = (client: OnhandClient) => {
    // @ts-expect-error the document has other variables
    client.watch(document, { sku: 'lamp' }, { next() {} })
  }
  expect(typed).toBeTypeOf('function')
})
