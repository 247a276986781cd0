/** Queries of watched products are answered from memory, and their answers are never too old. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openFlakyLink } from '../support/flaky-link.ts'
import type { FlakyLink } from '../support/flaky-link.ts'
import type { Data } from '../support/graphql.ts'
import { LiveSocket } from '../support/live-socket.ts'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

const PRODUCT = 'query ($sku: ID!) { product(sku: $sku) { sku version available } }'
const AT = `query ($sku: ID!, $token: ConsistencyToken) {
  product(sku: $sku, consistentWith: $token) { version available }
}`
const LINES = 'query ($id: ID!) { order(id: $id) { lines { sku } } }'

let onhand: TestOnhand
let closing: (() => Promise<unknown>)[]

beforeEach(() => {
  closing = []
})

afterEach(async () => {
  for (const close of closing.toReversed()) await close()
})

/** A server that is closed at the end of the test. */
async function start(options: Parameters<typeof startTestOnhand>[0] = {}): Promise<TestOnhand> {
  const started = await startTestOnhand(options)
  closing.push(() => started.close())
  return started
}

/** A server with 1,000 lamps, which are watched, and 1,000 chairs, which are not. */
async function startWatched(options: Parameters<typeof startTestOnhand>[0] = {}): Promise<void> {
  onhand = await start(options)
  for (const sku of ['lamp', 'chair']) await createBatch(onhand, { reference: sku, sku, quantity: 1000 })
  await allocate(onhand, { orderId: 'o-1', sku: 'chair', quantity: 1 })
  await watch(onhand)
}

async function watch({ url }: TestOnhand): Promise<void> {
  const watching = await LiveSocket.open(url)
  closing.push(() => watching.close())
  watching.subscribe('lamp', 'subscription { availabilityChanged(skus: ["lamp"]) { version } }')
  watching.subscribe('order', 'subscription { allocationChanged(orderId: "o-1") { id } }')
  await until(() => watching.results('lamp').length > 0 && watching.results('order').length > 0)
}

const hide = (...tables: string[]) =>
  onhand.database.sql.unsafe(
    tables.map((name) => `alter table views.${name} rename to ${name}_gone;`).join(''),
  )

const product = async (sku: string): Promise<Data> => (await onhand.gql(PRODUCT, { sku })).product

const answered = (by: string) => readMetric(onhand.url, `onhand_http_answers_total{by="${by}"}`)

describe('a query of a watched product', () => {
  beforeEach(() => startWatched())

  test('needs no database', async () => {
    await hide('availability', 'orders')
    expect(await product('lamp')).toMatchObject({ sku: 'lamp', available: 1000 })
    expect((await onhand.gql(LINES, { id: 'o-1' })).order.lines).toEqual([{ sku: 'chair' }])
    expect((await onhand.ask(PRODUCT, { sku: 'chair' })).errors?.[0]?.extensions.code).toBe(
      'INTERNAL_SERVER_ERROR',
    )
  })

  test('is executed once per state as soon as it is repeated', async () => {
    for (let time = 0; time < 3; time += 1) await product('lamp')
    const [executed, remembered] = [await answered('fastPath'), await answered('memory')]
    for (let time = 0; time < 10; time += 1) await product('lamp')
    expect(await answered('memory')).toBe(remembered + 10)
    expect(await answered('fastPath')).toBe(executed)
    const { token } = await allocate(onhand, { orderId: 'o-2', sku: 'lamp', quantity: 1 })
    expect((await onhand.gql(AT, { sku: 'lamp', token })).product.available).toBe(999)
    const before = await answered('fastPath')
    for (let time = 0; time < 10; time += 1) expect((await product('lamp')).available).toBe(999)
    expect(await answered('fastPath')).toBe(before + 1)
  })

  test('has its own answer for each set of variables, fields and operation', async () => {
    const query = `query A($sku: ID!, $q: PositiveInt!) { product(sku: $sku) { sku earliestDate(quantity: $q) { now } } }
      query B($sku: ID!, $q: PositiveInt!) { product(sku: $sku) { earliestDate(quantity: $q) { date } } }`
    const ask = async (operationName: string, q: number) => {
      const response = await fetch(`${onhand.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, operationName, variables: { sku: 'lamp', q } }),
      })
      return ((await response.json()) as Data)['data'].product
    }
    for (let time = 0; time < 3; time += 1) {
      expect(await ask('A', 1)).toEqual({ sku: 'lamp', earliestDate: { now: true } })
      expect(await ask('A', 2000)).toEqual({ sku: 'lamp', earliestDate: null })
      expect(await ask('B', 1)).toEqual({ earliestDate: { date: null } })
    }
  })

  test('sees at least the point of its token, and never goes back', async () => {
    let seen = 0n
    const look = async () => {
      const version = BigInt((await product('lamp')).version)
      expect(version).toBeGreaterThanOrEqual(seen)
      seen = version
    }
    for (let time = 0; time < 150; time += 1) {
      const { token } = await allocate(onhand, { orderId: `t-${time}`, sku: 'lamp', quantity: 1 })
      const [at] = await Promise.all([onhand.gql(AT, { sku: 'lamp', token }), look()])
      expect(at.product.available).toBe(999 - time)
      await look()
      expect(seen).toBeGreaterThanOrEqual(BigInt(at.product.version))
    }
  })

  test('sees the point of its token through another server that polls the database for changes', async () => {
    const other = await start({ database: onhand.database, config: { roles: new Set(['api'] as const) } })
    await watch(other)
    for (let time = 0; time < 5; time += 1) {
      const { token } = await allocate(onhand, { orderId: `t-${time}`, sku: 'lamp', quantity: 1 })
      expect((await other.gql(AT, { sku: 'lamp', token })).product.available).toBe(999 - time)
      expect((await other.gql(PRODUCT, { sku: 'lamp' })).product.available).toBe(999 - time)
    }
  })
})

test('an order’s lines have the same order from memory and from the database', async () => {
  onhand = await start({ config: { partitions: 4 } })
  const skus = Array.from({ length: 12 }, (_, at) => `sku-${at}`)
  const before = await LiveSocket.open(onhand.url)
  closing.push(() => before.close())
  for (const sku of skus) await createBatch(onhand, { reference: sku, sku, quantity: 10 })
  const asked = { id: 'o-1' }
  before.subscribe('order', 'subscription { allocationChanged(orderId: "o-1") { lines { sku } } }')
  await until(() => before.results('order').length > 0)
  for (const sku of skus) await allocate(onhand, { orderId: 'o-1', sku, quantity: 1 })
  const fromMemory = await until(async () => {
    const { order } = await onhand.gql(LINES, asked)
    return order?.lines.length === skus.length && order
  })
  // Nobody watches through that server.
  const other = await start({ database: onhand.database, config: { partitions: 4 } })
  expect((await other.gql(LINES, asked)).order).toEqual(fromMemory)
})

test('with a replica for queries, all answers come from the replica', async () => {
  const first = await start()
  await startWatched({ database: first.database, config: { readDatabaseUrl: first.database.url } })
  await product('lamp')
  await hide('availability')
  expect((await onhand.ask(PRODUCT, { sku: 'lamp' })).errors).toBeDefined()
})

describe('when the database is unreachable', () => {
  let link: FlakyLink

  beforeEach(async () => {
    const first = await start()
    link = await openFlakyLink(first.database.url)
    closing.push(() => link.close())
    await startWatched({ database: { ...first.database, url: link.url } })
  })

  test('queries are answered from memory for a moment only', async () => {
    await product('lamp')
    await link.refuse()
    expect((await product('lamp')).available).toBe(1000)
    const refused = await until(async () => {
      const { errors } = await onhand.ask(PRODUCT, { sku: 'lamp' })
      return errors?.[0]
    })
    expect(refused.extensions.code).toBe('SERVICE_UNAVAILABLE')
    await link.listen()
    await until(async () => (await onhand.ask(PRODUCT, { sku: 'lamp' })).errors === undefined)
  })
})
