/** The memory that clients can use is limited, and at the limit every client gets an answer. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LiveSocket } from '../support/live-socket.ts'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'

const LIMIT_MB = 16

let onhand: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand({ groupLingerMs: 10, config: { clientMemoryMb: LIMIT_MB } })
  await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 1000 })
})

afterAll(() => onhand.close())

/** Resolves when everything that the client has sent is answered. */
async function answered(socket: LiveSocket): Promise<void> {
  const pongs = () => socket.messages.filter(({ type }) => type === 'pong').length
  const before = pongs()
  socket.ws.send('{"type":"ping"}')
  await until(() => pongs() > before)
}

const kept = (what: string) => readMetric(onhand.url, `onhand_client_memory_bytes{kept="${what}"}`)

async function expectWithinLimit(): Promise<void> {
  const limit = await readMetric(onhand.url, 'onhand_client_memory_limit_bytes')
  expect(limit).toBe(LIMIT_MB * 1024 * 1024)
  expect(await readMetric(onhand.url, 'onhand_client_memory_bytes')).toBeLessThanOrEqual(limit)
}

/** A unique document of some 140 KB in memory; a client can have 370 KB. */
const large = (nth: number) =>
  `subscription S { stockMoved { ${Array.from({ length: 15 }, (_, at) => `a${nth}_${at}: sku`).join(' ')} ${'sku '.repeat(60)} } }`
const TOO_MANY = 'There are too many different live operations.'
const TOO_MANY_OF_CLIENT = 'from your connection or address'
const refusalsOf = ({ messages }: LiveSocket): any[] =>
  messages.filter(({ type }) => type === 'error').flatMap(({ payload }) => payload)

test('live operations: at the limit new ones fail, existing ones continue, and all memory is released in the end', async () => {
  const witness = await LiveSocket.open(onhand.url)
  witness.subscribe('w', 'subscription { availabilityChanged(skus: ["lamp"]) { available } }')
  await until(() => witness.results('w').length === 1)
  const before = await kept('liveOperations')
  const sockets: LiveSocket[] = []
  const refused = () => sockets.flatMap(refusalsOf)
  for (let count = 0; refused().length === 0; count += 1) {
    const socket = await LiveSocket.open(onhand.url)
    sockets.push(socket)
    for (let nth = 0; nth < 2; nth += 1) socket.subscribe(String(nth), large(count * 2 + nth))
    await answered(socket)
    expect(count).toBeLessThan(40)
  }
  expect(refused()[0]).toMatchObject({
    message: TOO_MANY,
    extensions: { code: 'OVERLOADED', retryable: true },
  })
  expect(sockets.every(({ closed }) => closed === null)).toBe(true)
  await expectWithinLimit()
  await allocate(onhand, { orderId: 'o', sku: 'lamp', quantity: 1 })
  await until(() => witness.results('w').length === 2)
  for (const socket of sockets) await socket.close()
  await until(async () => (await kept('liveOperations')) <= before + 1000)
  const again = await LiveSocket.open(onhand.url)
  again.subscribe('a', large(1))
  again.subscribe('b', 'subscription { availabilityChanged(skus: ["lamp"]) { sku } }')
  await until(() => again.results('b').length === 1)
  expect(again.messages.filter(({ type }) => type === 'error')).toEqual([])
  await again.close()
  await witness.close()
})

test('one document with different variables counts once', async () => {
  const socket = await LiveSocket.open(onhand.url)
  const query = `subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { ${'sku '.repeat(30)} } }`
  const before = await kept('liveOperations')
  for (let nth = 0; nth < 20; nth += 1)
    socket.subscribe(String(nth), query, { variables: { skus: ['lamp', `other ${nth}`] } })
  await until(() =>
    Array.from({ length: 20 }, (_, nth) => nth).every((nth) => socket.results(String(nth)).length === 1),
  )
  // The document has some 60 KB, and each group has its own key.
  expect((await kept('liveOperations')) - before).toBeLessThan(400_000)
  await socket.close()
})

test('one client cannot use up the memory of the others', async () => {
  const greedy = await LiveSocket.open(onhand.url)
  const before = await kept('liveOperations')
  for (let nth = 0; nth < 20; nth += 1) greedy.subscribe(String(nth), large(1000 + nth))
  await answered(greedy)
  const refusals = refusalsOf(greedy)
  expect(refusals.length).toBeGreaterThan(10)
  for (const refusal of refusals)
    expect(refusal).toMatchObject({
      message: expect.stringContaining(TOO_MANY_OF_CLIENT),
      extensions: { code: 'OVERLOADED', retryable: true },
    })
  expect((await kept('liveOperations')) - before).toBeLessThan((LIMIT_MB * 1024 * 1024) / 20)
  const other = await LiveSocket.open(onhand.url)
  other.subscribe('a', large(2000))
  other.subscribe('b', 'subscription { availabilityChanged(skus: ["lamp"]) { onHand } }')
  await until(() => other.results('b').length === 1)
  expect(refusalsOf(other)).toEqual([])
  // After a client has left an operation, it can open another one.
  greedy.complete('0')
  greedy.subscribe('again', 'subscription { availabilityChanged(skus: ["lamp"]) { allocated } }')
  await until(() => greedy.results('again').length === 1)
  for (const socket of [greedy, other]) await socket.close()
  await until(async () => (await kept('liveOperations')) <= before + 1000)
})

test('one client cannot use up the memory for results', async () => {
  const reference = (nth: number) => `${'x'.repeat(240)}${nth}`
  for (let nth = 0; nth < 20; nth += 1)
    await createBatch(onhand, { reference: reference(nth), sku: 'large', quantity: 1 })
  const socket = await LiveSocket.open(onhand.url)
  const before = await kept('liveResults')
  // Some 70 KB each; a client can have 190 KB.
  const names = Array.from({ length: 14 }, (_, at) => `a${at}: reference`).join(' ')
  const query = `subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { batches { ${names} } } }`
  for (let nth = 0; nth < 15; nth += 1)
    socket.subscribe(String(nth), query, { variables: { skus: ['large', `other ${nth}`] } })
  await until(() => [...Array(15).keys()].every((nth) => socket.results(String(nth)).length === 1))
  const taken = (await kept('liveResults')) - before
  expect(taken).toBeGreaterThan(60_000)
  expect(taken).toBeLessThan((LIMIT_MB * 1024 * 1024 * 0.09) / 8 + 80_000)
  await socket.close()
  await until(async () => (await kept('liveResults')) <= before)
})

test('spaces and commas between tokens cost only their length', async () => {
  const socket = await LiveSocket.open(onhand.url)
  const before = await kept('liveOperations')
  const padded = `subscription { availabilityChanged(skus: ["lamp"]) { reserved } }${','.repeat(60_000)}`
  socket.subscribe('a', padded)
  await until(() => socket.results('a').length === 1)
  expect((await kept('liveOperations')) - before).toBeLessThan(60_000 * 3)
  await socket.close()
})

test('over WebSocket, unread answers are counted and bounded', async () => {
  const raw = await RawSocket.ready(onhand.url)
  raw.socket.pause()
  const before = await readMetric(onhand.url, 'onhand_sockets')
  let most = 0
  const ping = JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(60_000) } })
  await until(async () => {
    raw.send(ping)
    most = Math.max(most, await kept('backlogs'))
    return (await readMetric(onhand.url, 'onhand_sockets')) < before
  })
  expect(most).toBeGreaterThan(0)
  // A client can use an eighth of the share, and exceed it with one answer.
  expect(most).toBeLessThan((LIMIT_MB * 1024 * 1024 * 0.12) / 8 + 200_000)
  raw.socket.destroy()
  await until(async () => (await kept('backlogs')) === 0)
})

test('undeclared variables are not kept', async () => {
  const socket = await LiveSocket.open(onhand.url)
  const before = await kept('liveOperations')
  const junk = Array.from({ length: 15_000 }, () => [])
  socket.subscribe('a', 'subscription { availabilityChanged(skus: ["lamp"]) { sku } }', {
    variables: { junk },
  })
  await until(() => socket.results('a').length === 1)
  expect((await kept('liveOperations')) - before).toBeLessThan(50_000)
  await socket.close()
})

test('persisted queries and documents: the oldest are evicted, and clients register them again', async () => {
  const filler = '#'.repeat(60_000)
  const texts = Array.from(
    { length: 100 },
    (_, nth) => `query Q${nth} { product(sku: "lamp") { sku } } ${filler}`,
  )
  const ask = async (text: string, register: boolean) => {
    const sha256Hash = createHash('sha256').update(text).digest('hex')
    const response = await fetch(`${onhand.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...(register && { query: text }),
        extensions: { persistedQuery: { version: 1, sha256Hash } },
      }),
    })
    return (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] }
  }
  for (const text of texts) expect(await ask(text, true)).toEqual({ data: { product: { sku: 'lamp' } } })
  await expectWithinLimit()
  expect(await kept('persistedQueries')).toBeGreaterThan(100_000)
  expect(await ask(texts.at(-1) as string, false)).toEqual({ data: { product: { sku: 'lamp' } } })
  expect((await ask(texts[0] as string, false)).errors?.[0]?.extensions.code).toBe(
    'PERSISTED_QUERY_NOT_FOUND',
  )
  expect(await ask(texts[0] as string, true)).toEqual({ data: { product: { sku: 'lamp' } } })
})
