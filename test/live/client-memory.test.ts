/** What clients can make the server keep has a limit, and at the limit everybody gets an answer. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LiveSocket } from '../support/live-socket.ts'
import { largeSubscription } from '../support/large-documents.ts'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

const LIMIT_MB = 16

let onhand: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand({ groupLingerMs: 10, config: { clientMemoryMb: LIMIT_MB } })
  await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 1000 })
})

afterAll(() => onhand.close())

const kept = (what: string) => readMetric(onhand.url, `onhand_client_memory_bytes{kept="${what}"}`)

async function expectWithinLimit(): Promise<void> {
  const limit = await readMetric(onhand.url, 'onhand_client_memory_limit_bytes')
  expect(limit).toBe(LIMIT_MB * 1024 * 1024)
  expect(await readMetric(onhand.url, 'onhand_client_memory_bytes')).toBeLessThanOrEqual(limit)
}

test('live operations: new ones are refused, those that are there go on, and all is given back', async () => {
  const witness = await LiveSocket.open(onhand.url)
  witness.subscribe('w', 'subscription { availabilityChanged(skus: ["lamp"]) { available } }')
  await until(() => witness.results('w').length === 1)
  const before = await kept('liveOperations')
  const sockets: LiveSocket[] = []
  const refused = () => sockets.flatMap(({ messages }) => messages.filter(({ type }) => type === 'error'))
  for (let count = 0; refused().length === 0; count += 1) {
    const socket = await LiveSocket.open(onhand.url)
    sockets.push(socket)
    for (let nth = 0; nth < 20; nth += 1) socket.subscribe(String(nth), largeSubscription(count * 20 + nth))
    socket.ws.send('{"type":"ping"}')
    await until(() => socket.messages.some(({ type }) => type === 'pong'))
    expect(count).toBeLessThan(20)
  }
  expect(refused()[0]?.payload).toMatchObject([{ extensions: { code: 'OVERLOADED', retryable: true } }])
  expect(sockets.every(({ closed }) => closed === null)).toBe(true)
  await expectWithinLimit()
  await allocate(onhand, { orderId: 'o', sku: 'lamp', quantity: 1 })
  await until(() => witness.results('w').length === 2)
  for (const socket of sockets) await socket.close()
  await until(async () => (await kept('liveOperations')) <= before + 1000)
  const again = await LiveSocket.open(onhand.url)
  again.subscribe('a', largeSubscription(1))
  again.subscribe('b', 'subscription { availabilityChanged(skus: ["lamp"]) { sku } }')
  await until(() => again.results('b').length === 1)
  expect(again.messages.filter(({ type }) => type === 'error')).toEqual([])
  await again.close()
  await witness.close()
})

test('the same document with other variables is counted once', async () => {
  const socket = await LiveSocket.open(onhand.url)
  const query = `subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { ${'sku '.repeat(500)} } }`
  const before = await kept('liveOperations')
  for (let nth = 0; nth < 20; nth += 1)
    socket.subscribe(String(nth), query, { variables: { skus: ['lamp', `other ${nth}`] } })
  await until(() =>
    Array.from({ length: 20 }, (_, nth) => nth).every((nth) => socket.results(String(nth)).length === 1),
  )
  // A document is some 1.3 MB; of the groups, each has its key.
  expect((await kept('liveOperations')) - before).toBeLessThan(5_000_000)
  await socket.close()
})

test('variables that the operation does not declare are not kept', async () => {
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

test('persisted queries and documents: the oldest are forgotten, and asked for again', async () => {
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
