/** HTTP caching of answers over GET. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchange, get, post } from '../support/exchange.ts'
import type { Asked, Exchanged } from '../support/exchange.ts'
import { LiveSocket } from '../support/live-socket.ts'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

const PRODUCT = 'query ($sku: ID!) { product(sku: $sku) { available version } }'
const NAME_ONLY = 'query ($sku: ID!) { product(sku: $sku) { sku status } }'

let onhand: TestOnhand
let cached: TestOnhand
let socket: LiveSocket
let orders = 0

beforeAll(async () => {
  onhand = await startTestOnhand()
  cached = await startTestOnhand({
    database: onhand.database,
    config: { cacheMaxAgeSeconds: 5, cacheStaleSeconds: 30, roles: new Set(['api'] as const) },
  })
  for (const sku of ['lamp', 'chair']) {
    const { token } = await createBatch(onhand, { reference: sku, sku, quantity: 1000 })
    for (const { gql } of [onhand, cached])
      await gql(`{ product(sku: "${sku}", consistentWith: "${token}") { sku } }`)
  }
  socket = await LiveSocket.open(onhand.url)
  socket.subscribe('lamp', 'subscription { availabilityChanged(skus: ["lamp"]) { version } }')
  await until(() => socket.results('lamp').length === 1)
})

afterAll(async () => {
  await socket.close()
  await cached.close()
  await onhand.close()
})

const ask = (asked: Asked) => exchange(onhand.url, asked)

const product = (sku: string, headers: Record<string, string> = {}) =>
  get({ query: PRODUCT, variables: { sku } }, headers)

async function buy(sku: string): Promise<void> {
  orders += 1
  const { token } = await allocate(onhand, { orderId: `o-${orders}`, sku, quantity: 1 })
  await onhand.gql(`{ product(sku: "${sku}", consistentWith: "${token}") { sku } }`)
}

const tagOf = ({ headers: { etag } }: Exchanged): string => {
  if (etag === undefined) throw new Error('The answer has no tag.')
  return etag
}

describe.each(['lamp', 'chair'])('the ETag of a product, %s', (sku) => {
  test('stays the same as long as the answer does', async () => {
    const first = await ask(product(sku))
    expect(first).toMatchObject({ status: 200, headers: { 'cache-control': 'no-cache' } })
    const again = await ask(product(sku, { 'if-none-match': tagOf(first) }))
    expect(again).toMatchObject({ status: 304, body: '', headers: { etag: tagOf(first) } })
    // A 304 updates the headers of a cache's stored answer.
    expect(Object.keys(again.headers)).not.toContain('content-type')
    expect(Object.keys(again.headers)).not.toContain('content-length')
    for (const also of [`"x", W/${tagOf(first)}`, '*', ` ${tagOf(first)} `])
      expect((await ask(product(sku, { 'if-none-match': also }))).status).toBe(304)
    for (const not of ['"x"', tagOf(first).slice(1, -1), ''])
      expect((await ask(product(sku, { 'if-none-match': not }))).status).toBe(200)
  })

  test('changes exactly when the answer changes', async () => {
    const before = await ask(product(sku))
    const name = await ask(get({ query: NAME_ONLY, variables: { sku } }))
    await buy(sku)
    const after = await ask(product(sku, { 'if-none-match': tagOf(before) }))
    expect(after.status).toBe(200)
    expect(after.body).not.toBe(before.body)
    expect(tagOf(after)).not.toBe(tagOf(before))
    const named = get({ query: NAME_ONLY, variables: { sku } }, { 'if-none-match': tagOf(name) })
    expect((await ask(named)).status).toBe(304)
  })

  test('is the same on every server', async () => {
    await until(async () => {
      const [one, other] = [await ask(product(sku)), await exchange(cached.url, product(sku))]
      return one.body === other.body && tagOf(one) === tagOf(other)
    })
  })
})

test('an ETag belongs to one content type', async () => {
  const json = await ask(product('lamp'))
  const other = await ask(
    product('lamp', {
      accept: 'application/graphql-response+json',
      'if-none-match': tagOf(json),
    }),
  )
  expect(other.status).toBe(200)
  expect(tagOf(other)).not.toBe(tagOf(json))
  expect(json.headers.vary).toMatch(/\borigin\b.*\baccept\b/i)
})

test('a watched product is revalidated without executing the query', async () => {
  const known = await ask(product('lamp'))
  await ask(product('lamp'))
  const executions = async () =>
    (await readMetric(onhand.url, 'onhand_http_answers_total{by="fastPath"}')) +
    (await readMetric(onhand.url, 'onhand_http_answers_total{by="apollo"}'))
  const before = await executions()
  for (let time = 0; time < 10; time += 1)
    expect((await ask(product('lamp', { 'if-none-match': tagOf(known) }))).status).toBe(304)
  expect(await executions()).toBe(before)
})

const NOT_CACHEABLE: Record<string, Asked> = {
  'a query over POST': post({ query: PRODUCT, variables: { sku: 'lamp' } }),
  'a command': post({
    query: 'mutation { allocate(input: { orderId: "x", sku: "nothing", quantity: 1 }) { token } }',
  }),
  'an error': get({ query: '{ product(sku: "") { sku } }' }),
  'an error beside data': get({ query: '{ product(sku: "") { sku } __typename }' }),
  'an answer that waited for a token': get({
    query: '{ product(sku: "lamp", consistentWith: "latest") { sku } }',
  }),
  'an answer that may have waited for a token': get({
    query: 'query ($t: ConsistencyToken) { product(sku: "lamp", consistentWith: $t) { sku } }',
  }),
}

describe.each(Object.entries(NOT_CACHEABLE))('%s', (_, asked) => {
  test('must not be stored, whatever the settings', async () => {
    for (let time = 0; time < 3; time += 1) {
      for (const { url } of [onhand, cached]) {
        const { headers } = await exchange(url, asked)
        expect(headers['cache-control']).toBe('no-store')
        expect(headers.etag).toBeUndefined()
      }
    }
  })
})

test('shared caches may keep an answer for as long as the settings say', async () => {
  for (let time = 0; time < 3; time += 1) {
    const { headers } = await exchange(cached.url, product('lamp'))
    expect(headers['cache-control']).toBe('public, max-age=0, s-maxage=5, stale-while-revalidate=30')
  }
})

test('shared caches must not keep an answer to a request with credentials', async () => {
  for (const headers of [{ authorization: 'Bearer x' }, { cookie: 'a=b' }] as Record<string, string>[]) {
    const answer = await exchange(cached.url, product('lamp', headers))
    expect(answer.headers['cache-control']).toBe('private, no-cache')
  }
})

test('a registered query is requested by its hash and revalidated', async () => {
  const query = '{ product(sku: "lamp") { sku onHand } }'
  const sha256Hash = createHash('sha256').update(query).digest('hex')
  const extensions = { persistedQuery: { version: 1, sha256Hash } }
  const unknown = await ask(get({ extensions }))
  expect(unknown.body).toContain('PERSISTED_QUERY_NOT_FOUND')
  expect(unknown.headers['cache-control']).toContain('no-cache')
  expect((await ask(post({ query, extensions }))).status).toBe(200)
  const known = await ask(get({ extensions }))
  expect(known.body).toContain('"sku":"lamp"')
  expect((await ask(get({ extensions }, { 'if-none-match': tagOf(known) }))).status).toBe(304)
})

test('a registered query with a token must not be stored either', async () => {
  const query = '{ product(sku: "lamp", consistentWith: "latest") { onHand } }'
  const sha256Hash = createHash('sha256').update(query).digest('hex')
  const extensions = { persistedQuery: { version: 1, sha256Hash } }
  await ask(post({ query, extensions }))
  for (let time = 0; time < 3; time += 1)
    expect((await exchange(onhand.url, get({ extensions }))).headers['cache-control']).toBe('no-store')
})

test('behind a cache, a query is executed only after a change, and answers are never older than the cache may serve', async () => {
  const proxy = await openCache(cached.url)
  const first = await exchange(proxy.url, product('chair'))
  for (let time = 0; time < 20; time += 1)
    expect((await exchange(proxy.url, product('chair'))).body).toBe(first.body)
  expect(proxy.asked).toEqual([200])
  proxy.advance(6)
  expect((await exchange(proxy.url, product('chair'))).body).toBe(first.body)
  expect(proxy.asked).toEqual([200, 304])
  await buy('chair')
  expect((await exchange(proxy.url, product('chair'))).body).toBe(first.body)
  proxy.advance(6)
  await until(async () => (await exchange(cached.url, product('chair'))).body !== first.body)
  expect((await exchange(proxy.url, product('chair'))).body).not.toBe(first.body)
  expect(proxy.asked).toEqual([200, 304, 200])
  await proxy.close()
})

interface Cache {
  readonly url: string
  /** The statuses of the server's responses. */
  readonly asked: number[]
  readonly advance: (seconds: number) => void
  readonly close: () => Promise<unknown>
}

/** The part of RFC 9111 that the tests need: keeps an answer for `s-maxage`, then revalidates it by its ETag. */
async function openCache(target: string): Promise<Cache> {
  const kept = new Map<string, Exchanged & { at: number }>()
  const asked: number[] = []
  let now = 0

  async function answerTo({ url = '', headers }: IncomingMessage): Promise<Exchanged> {
    const known = kept.get(url)
    const maxAge = Number(/s-maxage=(\d+)/.exec(known?.headers['cache-control'] ?? '')?.[1] ?? 0)
    if (known !== undefined && now - known.at < maxAge) return known
    const conditional = known && { 'if-none-match': tagOf(known) }
    const search = url.slice(url.indexOf('?'))
    const answer = await exchange(target, { method: 'GET', search, headers: { ...headers, ...conditional } })
    asked.push(answer.status ?? 0)
    const current = answer.status === 304 && known !== undefined ? known : answer
    kept.set(url, { ...current, at: now })
    return current
  }

  const server = createServer(async (request, response) => {
    const { status = 0, body } = await answerTo(request)
    response.writeHead(status).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    advance: (seconds) => {
      now += seconds
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}
