/** The fast path and Apollo give byte-identical answers. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { exchange, get, post } from '../support/exchange.ts'
import type { Asked, Exchanged } from '../support/exchange.ts'
import { LiveSocket } from '../support/live-socket.ts'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { until } from '../support/until.ts'

const NOW = new Date('2026-03-01T12:00:00Z')

let quick: TestOnhand
let plain: TestOnhand
let socket: LiveSocket
let databases: TestDatabase[] = []
let requests = 0

beforeAll(async () => {
  databases = await Promise.all([createTestDatabase(), createTestDatabase()])
  const [ofQuick, ofPlain] = databases as [TestDatabase, TestDatabase]
  // Tokens and cursors contain the epoch, so both servers need the same one.
  for (const { sql } of databases) await sql`update stock.installation set epoch = 'abcdef0123'`
  const start = (fastPath: boolean, database: TestDatabase) =>
    startTestOnhand({ fastPath, database, now: () => NOW })
  ;[quick, plain] = await Promise.all([start(true, ofQuick), start(false, ofPlain)])
  for (const [reference, sku, eta] of [
    ['b-lamp', 'lamp', null],
    ['b-lamp-later', 'lamp', '2026-12-24'],
    ['b-chair', 'chair', null],
    ['b-sofa', 'sofa', '2026-05-01'],
  ]) {
    await both(
      post({
        query: CREATE,
        variables: { input: { reference, sku, eta, quantity: 20, commandId: reference } },
      }),
    )
  }
  await both(
    post({
      query: ALLOCATE,
      variables: { input: { orderId: 'o-1', sku: 'lamp', quantity: 3, commandId: 'first' } },
    }),
  )
  for (const { gql } of [quick, plain]) {
    for (const one of ['product(sku: "x"', 'order(id: "x"', 'batch(reference: "x"'])
      await gql(`{ ${one}, consistentWith: "latest") { __typename } }`)
    await gql('{ stockMovements(sku: "x", consistentWith: "latest") { nodes { sku } } }')
  }
  // Puts part of the data into memory.
  socket = await LiveSocket.open(quick.url)
  socket.subscribe(
    'lamp',
    'subscription { availabilityChanged(skus: ["lamp", "no-such-thing"]) { version } }',
  )
  socket.subscribe('order', 'subscription { allocationChanged(orderId: "o-1") { id } }')
  await until(() => socket.results('lamp').length === 1 && socket.results('order').length === 1)
})

afterAll(async () => {
  await socket.close()
  await Promise.all([quick.close(), plain.close()])
  await Promise.all(databases.map((database) => database.drop()))
})

/** The response without the parts that differ in every response. */
function essence({ status, headers, body }: Exchanged) {
  const { date: _, ...others } = headers
  return { status, headers: others, body }
}

/** Sends the same request to both servers. @returns the answer */
async function both(asked: Asked): Promise<Exchanged> {
  requests += 1
  const marked = { ...asked, headers: { 'x-request-id': `request-${requests}`, ...asked.headers } }
  const [quickly, plainly] = await Promise.all([exchange(quick.url, marked), exchange(plain.url, marked)])
  expect(essence(quickly)).toEqual(essence(plainly))
  return quickly
}

const answeredBy = (by: string) => readMetric(quick.url, `onhand_http_answers_total{by="${by}"}`)

/** How many requests the fast path has answered. */
const fastPathAnswers = async () => (await answeredBy('fastPath')) + (await answeredBy('memory'))

const FIELDS = `sku status onHand allocated reserved available incoming version updatedAt
  availableToPromise { date quantity cumulative } batches { reference eta purchased version }`
const PRODUCT = `query P($sku: ID!) { product(sku: $sku) { ${FIELDS} } }`
const ANSWER = `commandId token replayed userErrors { __typename code message field
  ... on OutOfStockError { requested available earliestDate } }`
const CREATE = `mutation C($input: CreateBatchInput!) { createBatch(input: $input) { ${ANSWER} } }`
const ALLOCATE = `mutation A($input: AllocateInput!) {
  allocate(input: $input) { ${ANSWER} batchReference query { order(id: "o-1") { lines { sku quantity } } } }
}`
const LIST = `query L($first: Int, $after: String, $filter: ProductFilter, $orderBy: ProductOrder) {
  products(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    edges { cursor node { sku } } pageInfo { hasNextPage endCursor }
  }
}`
const TWO = 'query One { product(sku: "lamp") { sku } } query Two { product(sku: "chair") { sku } }'
const EARLIEST =
  'query E($q: PositiveInt = 2) { product(sku: "lamp") { earliestDate(quantity: $q) { now date } } }'

/** Requests that the fast path answers once they have been repeated. */
const ORDINARY: Record<string, Asked> = {
  'a product': post({ query: PRODUCT, variables: { sku: 'lamp' }, operationName: 'P' }),
  'a product that is not watched': post({ query: PRODUCT, variables: { sku: 'chair' } }),
  'a product that does not exist': post({ query: PRODUCT, variables: { sku: 'nothing' } }),
  'a watched product that does not exist': post({ query: PRODUCT, variables: { sku: 'no-such-thing' } }),
  'an id that is a number': post({ query: PRODUCT, variables: { sku: 12 } }),
  'a text in other scripts': post({ query: PRODUCT, variables: { sku: 'лампа-🛋️' } }),
  'an order': post({ query: '{ order(id: "o-1") { id lines { sku quantity status batchReference eta } } }' }),
  'an order that does not exist': post({ query: '{ order(id: "o-0") { id } }' }),
  'a batch': post({ query: '{ batch(reference: "b-lamp") { reference version eta } }' }),
  'a list': post({
    query: LIST,
    variables: { first: 2, orderBy: { field: 'AVAILABLE', direction: 'DESC' } },
  }),
  'a filtered list': post({ query: LIST, variables: { filter: { status: ['IN_STOCK'], skus: ['lamp'] } } }),
  'a ledger': post({ query: '{ stockMovements(sku: "lamp") { nodes { type quantity recordedAt } } }' }),
  projections: post({ query: '{ projections { name } }' }),
  aliases: post({ query: '{ a: product(sku: "lamp") { b: sku c: sku } d: product(sku: "chair") { sku } }' }),
  fragments: post({
    query: `{ product(sku: "lamp") { ...F ... on Product { status } ... { onHand } } }
      fragment F on Product { sku __typename }`,
  }),
  included: post({
    query:
      'query ($yes: Boolean!) { product(sku: "lamp") { sku @include(if: $yes) status @skip(if: $yes) } }',
    variables: { yes: true },
  }),
  skipped: post({
    query:
      'query ($yes: Boolean!) { product(sku: "lamp") { sku @include(if: $yes) status @skip(if: $yes) } }',
    variables: { yes: false },
  }),
  'a default': post({ query: EARLIEST }),
  'not the default': post({ query: EARLIEST, variables: { q: 30 } }),
  'null for a default': post({ query: LIST, variables: { first: null, filter: null } }),
  'undeclared variables': post({ query: '{ product(sku: "lamp") { sku } }', variables: { x: 1 } }),
  'no variables': post({ query: '{ product(sku: "lamp") { sku } }', variables: null, operationName: null }),
  'one of two operations': post({ query: TWO, operationName: 'Two' }),
  extensions: post({ query: '{ product(sku: "lamp") { sku } }', extensions: { client: 'x' } }),
  'type names': post({ query: '{ __typename product(sku: "lamp") { __typename } }' }),
  introspection: post({ query: getIntrospectionQuery() }),
  'a token': post({
    query: 'query ($t: ConsistencyToken) { product(sku: "lamp", consistentWith: $t) { version } }',
    variables: { t: 'latest' },
  }),
  'a rejected command': post({
    query: ALLOCATE,
    variables: { input: { orderId: 'o-9', sku: 'lamp', quantity: 999, commandId: 'too-much' } },
  }),
  'a command for an unknown product': post({
    query: ALLOCATE,
    variables: { input: { orderId: 'o-9', sku: 'nothing', quantity: 1, commandId: 'unknown' } },
  }),
  'a command sent again': post({
    query: ALLOCATE,
    variables: { input: { orderId: 'o-1', sku: 'lamp', quantity: 3, commandId: 'first' } },
  }),
  'a command id with other content': post({
    query: ALLOCATE,
    variables: { input: { orderId: 'o-1', sku: 'lamp', quantity: 4, commandId: 'first' } },
  }),
  'a fault in a resolver': post({ query: PRODUCT, variables: { sku: '' } }),
  'a fault beside data': post({
    query: 'query ($bad: ID!) { good: product(sku: "lamp") { sku } bad: order(id: $bad) { id } }',
    variables: { bad: 'line\nbreak' },
  }),
  'a fault without data': post({ query: LIST, variables: { first: 1000 } }),
  'an invalid cursor': post({ query: LIST, variables: { after: 'x' } }),
  'a fault in a command': post({
    query: CREATE,
    variables: { input: { reference: '', sku: 'lamp', quantity: 1 } },
  }),
  'over GET': get({ query: PRODUCT, variables: { sku: 'lamp' }, operationName: 'P' }),
  'over GET as JSON': get(
    { query: '{ product(sku: "chair") { sku } }' },
    { 'content-type': 'application/json' },
  ),
  'a fault over GET': get({ query: PRODUCT, variables: { sku: '' } }),
  'with a charset': post(
    { query: '{ product(sku: "lamp") { sku } }' },
    { 'content-type': 'application/json; charset=UTF-8' },
  ),
  compressed: {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: gzipSync(JSON.stringify({ query: PRODUCT, variables: { sku: 'lamp' } })),
  },
  'another type': post(
    { query: PRODUCT, variables: { sku: 'lamp' } },
    { accept: 'application/graphql-response+json' },
  ),
  'any type': post({ query: PRODUCT, variables: { sku: 'lamp' } }, { accept: '*/*' }),
  'both types': post(
    { query: PRODUCT, variables: { sku: '' } },
    { accept: 'application/graphql-response+json, application/json;q=0.9' },
  ),
  'from a page': post({ query: PRODUCT, variables: { sku: 'lamp' } }, { origin: 'http://localhost:3000' }),
  'from a page elsewhere': post(
    { query: PRODUCT, variables: { sku: 'lamp' } },
    { origin: 'https://evil.test' },
  ),
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const hash = (text: string) => createHash('sha256').update(text).digest('hex')
const persisted = (sha256Hash: string, version = 1) => ({ persistedQuery: { version, sha256Hash } })

/** Requests that Apollo answers every time. */
const UNUSUAL: Record<string, Asked> = {
  'a syntax error': post({ query: '{ product(sku: ' }),
  'an unknown field': post({ query: '{ product(sku: "lamp") { colour } }' }),
  'no such operation': post({ query: TWO, operationName: 'Three' }),
  'a missing operation name': post({ query: TWO }),
  'an operation without a name': post({ query: PRODUCT, variables: { sku: 'lamp' }, operationName: '' }),
  'a variable is missing': post({ query: PRODUCT, variables: {} }),
  'a variable is null': post({ query: PRODUCT, variables: { sku: null } }),
  'a variable is a list': post({ query: PRODUCT, variables: { sku: ['lamp'] } }),
  'a quantity of zero': post({ query: EARLIEST, variables: { q: 0 } }),
  'a quantity of a half': post({ query: EARLIEST, variables: { q: 1.5 } }),
  'a huge number': post({ query: LIST, variables: { first: 1e12 } }),
  'an unknown enum value': post({ query: LIST, variables: { orderBy: { field: 'COLOUR' } } }),
  'an invalid token': post({
    query: 'query ($t: ConsistencyToken) { product(sku: "lamp", consistentWith: $t) { version } }',
    variables: { t: 'rubbish' },
  }),
  'an invalid date': post({
    query: CREATE,
    variables: { input: { reference: 'x', sku: 'lamp', quantity: 1, eta: '2026-02-30' } },
  }),
  'a command with quantity zero': post({
    query: ALLOCATE,
    variables: { input: { orderId: 'o-2', sku: 'lamp', quantity: 0 } },
  }),
  'an unknown input field': post({
    query: ALLOCATE,
    variables: { input: { orderId: 'o-2', sku: 'lamp', quantity: 1, colour: 'red' } },
  }),
  'a subscription': post({ query: 'subscription { projectionProgressed { name } }' }),
  'a command over GET': get({
    query: ALLOCATE,
    variables: { input: { orderId: 'o-7', sku: 'lamp', quantity: 1 } },
  }),
  'a GET as text': get({ query: PRODUCT, variables: { sku: 'lamp' } }, { 'content-type': 'text/plain' }),
  'a GET with two queries': {
    method: 'GET',
    search: '?query={__typename}&query={__typename}',
  },
  'a GET with invalid variables': get({ query: PRODUCT, variables: '{' }),
  'a GET with a list of variables': get({ query: PRODUCT, variables: ['lamp'] }),
  'a GET without a query': get({}),
  text: {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: JSON.stringify({ query: PRODUCT }),
  },
  'a form': {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'query={__typename}',
  },
  'a list of requests': post([{ query: '{ __typename }' }]),
  nothing: post({}),
  null: post(null),
  'a query that is a number': post({ query: 1 }),
  'an empty query': post({ query: '' }),
  'variables as text': post({ query: PRODUCT, variables: '{"sku":"lamp"}' }),
  'variables as a list': post({ query: PRODUCT, variables: ['lamp'] }),
  'extensions as text': post({ query: PRODUCT, variables: { sku: 'lamp' }, extensions: '{}' }),
  'a name that is a number': post({ query: PRODUCT, variables: { sku: 'lamp' }, operationName: 1 }),
  'a prototype': { ...post({}), body: `{"query":"{ __typename }","variables":{"__proto__":{"sku":"lamp"}}}` },
  'variables that nest very deep': {
    ...post({}),
    body: `{"query":"{ product(sku: \\"lamp\\") { sku } }","variables":{"x":${nested(20_000)}}}`,
  },
  'a quantity that nests very deep': {
    ...post({}),
    body: `{"query":"${EARLIEST}","variables":{"q":${nested(20_000)}}}`,
  },
  'invalid JSON': { ...post({}), body: '{"query":' },
  'too large': post({ query: `{ product(sku: "${'x'.repeat(110_000)}") { sku } }` }),
  'too many fields': post({ query: `{ ${'__typename '.repeat(999)} }` }),
  'too deep': post({ query: `{ products { nodes ${'{ batches '.repeat(12)} { sku } ${'}'.repeat(12)} } }` }),
  'another charset': post({ query: PRODUCT }, { 'content-type': 'application/json; charset=latin1' }),
  'an unsupported type': post({ query: PRODUCT, variables: { sku: 'lamp' } }, { accept: 'image/png' }),
  'an unregistered hash': get({ extensions: persisted(hash('nothing')) }),
  'a hash of another text': post({ query: PRODUCT, extensions: persisted(hash('another')) }),
  'a hash of another kind': get({ extensions: persisted(hash(PRODUCT), 2) }),
}

describe.each(Object.entries(ORDINARY))('%s', (_, asked) => {
  test('gets the same answer, in the end from the fast path', async () => {
    await both(asked)
    await both(asked)
    const before = await fastPathAnswers()
    await both(asked)
    expect(await fastPathAnswers()).toBe(before + 1)
  })
})

describe.each(Object.entries(UNUSUAL))('%s', (_, asked) => {
  test('gets the same answer, always from Apollo', async () => {
    await both(post({ query: PRODUCT, variables: { sku: 'lamp' } }))
    await both(asked)
    const before = await fastPathAnswers()
    await both(asked)
    expect(await fastPathAnswers()).toBe(before)
  })
})

test('the fast path finds a registered query by its hash', async () => {
  const extensions = persisted(hash(PRODUCT))
  const missing = await both(get({ extensions, variables: { sku: 'chair' } }))
  expect(missing.body).toContain('PERSISTED_QUERY_NOT_FOUND')
  await both(get({ query: PRODUCT, extensions, variables: { sku: 'chair' } }))
  const before = await fastPathAnswers()
  const found = await both(get({ extensions, variables: { sku: 'chair' } }))
  expect(found.body).toContain('"sku":"chair"')
  await both(post({ extensions, variables: { sku: 'lamp' } }))
  expect(await fastPathAnswers()).toBe(before + 2)
  await both(post({ extensions: persisted(hash(PRODUCT), 2), variables: { sku: 'lamp' } }))
  expect(await fastPathAnswers()).toBe(before + 2)
})

test('random requests get the same answers', async () => {
  const texts = [PRODUCT, LIST, TWO, EARLIEST, '{ order(id: "o-1") { id } }', '{ product }', '']
  const field = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined })
  const fields = fc.record({
    query: fc.constantFrom(...texts),
    operationName: field<unknown>('P', 'One', 'Two', '', null, 'X'),
    variables: field<unknown>({ sku: 'lamp' }, { sku: '' }, { first: 1 }, { q: 3 }, { q: -1 }, null, 'x', []),
    extensions: field<unknown>({}, null, persisted(hash(PRODUCT)), { persistedQuery: 1 }),
  })
  const headers = fc.record(
    {
      accept: fc.constantFrom('*/*', 'application/json', 'application/graphql-response+json', 'text/html'),
      origin: fc.constantFrom('http://localhost', 'https://evil.test'),
      'x-apollo-operation-name': fc.constantFrom('P', ''),
      'if-none-match': fc.constant('"x"'),
    },
    { requiredKeys: [] },
  )
  const asked = fc
    .tuple(fields, headers, fc.constantFrom(post, get))
    .map(([fields, headers, by]) =>
      by(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)), headers),
    )
  await fc.assert(
    fc.asyncProperty(asked, async (asked) => void (await both(asked))),
    { numRuns: 400 },
  )
})

test('internal errors are masked in the same way', async () => {
  const asked = post({
    query: 'query ($r: ID!) { batch(reference: $r) { sku } }',
    variables: { r: 'b-lamp' },
  })
  for (let time = 0; time < 3; time += 1) expect((await both(asked)).body).toContain('"lamp"')
  const onhands = [quick, plain]
  for (const { database } of onhands) await database.sql`alter table views.batches rename to gone`
  expect((await both(asked)).body).toContain('INTERNAL_SERVER_ERROR')
  for (const { database } of onhands) await database.sql`alter table views.gone rename to batches`
  expect((await both(asked)).body).toContain('"lamp"')
})

test('a command is executed once, with and without the fast path', async () => {
  const events = async () => {
    const [row] = await quick.database.sql`select count(*)::int as count from stock.events`
    return row?.['count'] as number
  }
  const before = await events()
  const query = `mutation ($a: AllocateInput!, $b: AllocateInput!, $extra: PositiveInt! = 1) {
    a: allocate(input: $a) { token query { product(sku: "sofa") { earliestDate(quantity: $extra) { date } } } }
    b: allocate(input: $b) { token query { order(id: "") { id } } }
  }`
  for (let time = 0; time < 5; time += 1) {
    const line = (order: string) => ({ orderId: `${order}-${time}`, sku: 'sofa', quantity: 1 })
    const { body } = await both(post({ query, variables: { a: line('a'), b: line('b') } }))
    expect(body).toContain('"path":["b","query","order"]')
    await both(post({ query, variables: { a: line('c'), b: line('d'), extra: 0 } }))
  }
  expect(await events()).toBe(before + 10)
})
