/**
 * Whatever clients do, and however they disconnect, nothing of them remains: the numbers of groups, members, watched keys, streams,
 * sockets and timers return to those before.
 */
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { openRaw, streamRequest } from '../support/raw-http.ts'
import {
  RawSocket,
  frame,
  messageFrame as message,
  subscribeFrame as subscribe,
} from '../support/raw-socket.ts'
import { until } from '../support/until.ts'

const QUERIES = [
  'subscription { availabilityChanged(skus: ["lamp", "table"]) { sku available } }',
  'subscription { availabilityChanged(skus: ["nonesuch"]) { sku } }',
  'subscription { allocationChanged(orderId: "o1") { id } }',
  'subscription { projectionProgressed { name position } }',
  'subscription { stockMoved { position } }',
  'subscription { stockMoved(after: "0") { position sku } }',
  'subscription { stockMoved(sku: "lamp", after: "0") { position } }',
  'subscription { stockMoved(after: "yesterday") { position } }',
  'subscription {',
]

let onhand: TestOnhand
let orders = 0

beforeAll(async () => {
  onhand = await startTestOnhand({ groupLingerMs: 10 })
  for (const sku of ['lamp', 'table']) await createBatch(onhand, { reference: sku, sku, quantity: 1_000_000 })
  await buy(600)
})

afterAll(() => onhand.close())

async function buy(times: number): Promise<void> {
  const bought = Array.from({ length: times }, () => {
    orders += 1
    return allocate(onhand, { orderId: `o${orders}`, sku: orders % 2 === 0 ? 'lamp' : 'table', quantity: 1 })
  })
  await Promise.all(bought)
}

/** Everything that the server holds for clients. */
async function held(): Promise<Record<string, number>> {
  const names = ['sockets', 'streams', 'live_groups', 'live_members', 'watched']
  const counts = await Promise.all(names.map((name) => readMetric(onhand.url, `onhand_${name}`)))
  const memory = await Promise.all(
    ['liveOperations', 'liveResults', 'backlogs', 'unreadAnswers'].map((kept) =>
      readMetric(onhand.url, `onhand_client_memory_bytes{kept="${kept}"}`),
    ),
  )
  return {
    ...Object.fromEntries(names.map((name, at) => [name, counts[at] as number])),
    memory: memory.reduce((sum, bytes) => sum + bytes),
  }
}

const NOTHING = { sockets: 0, streams: 0, live_groups: 0, live_members: 0, watched: 0, memory: 0 }
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

async function expectNothingHeld(): Promise<void> {
  let last: unknown
  await until(async () => {
    last = await held()
    return JSON.stringify(last) === JSON.stringify(NOTHING)
  }).catch(() => expect(last).toEqual(NOTHING))
}

/** An action of a client. */
const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      id: fc.integer({ min: 0, max: 30 }).map(String),
      query: fc.constantFrom(...QUERIES),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('complete' as const), id: fc.nat(30).map(String) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'change' as const,
        'stop reading' as const,
        'read' as const,
        'wait' as const,
        'break the protocol' as const,
        'close' as const,
        'half-close' as const,
        'reset' as const,
      ),
    }),
  },
)
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

/** Messages that are sent without waiting go in one packet, so that the server receives all of them before it answers. */
async function act(raw: RawSocket, actions: readonly Action[]): Promise<void> {
  let packet: Buffer[] = []
  const flush = () => {
    if (packet.length > 0) raw.socket.write(Buffer.concat(packet))
    packet = []
  }
  for (const next of actions) {
    if (next.do === 'subscribe') packet.push(subscribe(next.id, next.query))
    else if (next.do === 'complete') packet.push(message({ id: next.id, type: 'complete' }))
    else if (next.do === 'break the protocol') packet.push(frame(Buffer.from('{nope')))
    else if (next.do === 'close') packet.push(frame(Buffer.from([3, 232]), { opcode: 8 }))
    else {
      flush()
      if (next.do === 'change') await buy(3)
      else if (next.do === 'stop reading') raw.socket.pause()
      else if (next.do === 'read') raw.socket.resume()
      else if (next.do === 'half-close') raw.socket.end()
      else if (next.do === 'reset') raw.socket.resetAndDestroy()
      else await held()
    }
  }
  flush()
}

test('over WebSocket, after any sequence of joins, leaves, disconnections and resets', async () => {
  await expectNothingHeld()
  const before = timers()
  const clients = fc.array(fc.array(action, { maxLength: 25 }), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(clients, async (each) => {
      const raws = await Promise.all(each.map(() => RawSocket.ready(onhand.url)))
      await Promise.all(raws.map((raw, at) => act(raw, each[at] as Action[])))
      await buy(1)
      for (const { socket } of raws) socket.destroy()
      await expectNothingHeld()
      await until(() => timers() <= before)
    }),
    { numRuns: 25 },
  )
}, 120_000)

test('over WebSocket, if a client continues to subscribe after the server has closed its side', async () => {
  const raws = await Promise.all(Array.from({ length: 20 }, () => RawSocket.ready(onhand.url)))
  for (const { socket } of raws) {
    const twice = [subscribe('a', QUERIES[0] as string), subscribe('a', QUERIES[0] as string)]
    const more = QUERIES.map((query, at) => subscribe(`more ${at}`, query))
    socket.write(Buffer.concat([...twice, ...more]))
  }
  await until(() => raws.every(({ closeCode }) => closeCode === 4409))
  expect((await held())['live_members']).toBe(0)
  for (const { socket } of raws) socket.destroy()
  await expectNothingHeld()
})

test('over WebSocket, if a slow client is disconnected while it resumes 20 ledgers', async () => {
  const raw = await RawSocket.ready(onhand.url)
  const wide = Array.from({ length: 15 }, (_, at) => `a${at}: reference`).join(' ')
  raw.socket.pause()
  for (let at = 0; at < 20; at += 1)
    raw.socket.write(subscribe(String(at), `subscription { stockMoved(after: "0") { ${wide} } }`))
  await until(async () => (await held())['live_members'] === 20)
  const closed = () => readMetric(onhand.url, 'onhand_sockets_closed_total')
  const before = await closed()
  await until(async () => {
    await buy(60)
    return (await closed()) > before
  })
  expect((await held())['live_members']).toBe(0)
  raw.socket.destroy()
  await expectNothingHeld()
}, 120_000)

test('over HTTP, if a client pipelines requests for streams and does not wait for the answers', async () => {
  const request = streamRequest(QUERIES[0] as string)
  const open = async (): Promise<Socket> => (await openRaw(onhand.url)).on('error', () => {}).resume()
  for (let round = 0; round < 5; round += 1) {
    const sockets = await Promise.all(Array.from({ length: 10 }, open))
    for (const socket of sockets) socket.write(request.repeat(10))
    await until(async () => (await held())['streams'] === 10)
    for (const socket of sockets) socket.destroy()
    await expectNothingHeld()
  }
})

test('over HTTP, if clients disconnect before they get an answer', async () => {
  for (let round = 0; round < 20; round += 1) {
    const abort = new AbortController()
    const asked = QUERIES.map((query) =>
      fetch(`${onhand.url}/graphql`, {
        method: 'POST',
        headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
        signal: abort.signal,
      }),
    )
    if (round % 2 === 0) await buy(1)
    abort.abort()
    await Promise.allSettled(asked)
  }
  await expectNothingHeld()
})
