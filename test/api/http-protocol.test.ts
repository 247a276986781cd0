/** The GraphQL over HTTP specification, and the answers to requests that violate it. */
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { connect } from 'node:net'
import { once } from 'node:events'
import { serverAudits } from 'graphql-http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'

let onhand: TestOnhand
let production: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand()
  production = await startTestOnhand({ config: { production: true } })
})

afterAll(async () => {
  await onhand.close()
  await production.close()
})

afterEach(async () => {
  const { status } = await fetch(`${onhand.url}/healthz`)
  expect(status).toBe(200)
})

const JSON_TYPE = 'application/json'
const QUERY = '{ projections { name } }'

async function send(init: RequestInit & { path?: string }) {
  const response = await fetch(`${onhand.url}/graphql${init.path ?? ''}`, { method: 'POST', ...init })
  const text = await response.text()
  const body = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null
  return { status: response.status, headers: response.headers, body }
}

const post = (body: string | Uint8Array<ArrayBuffer>, type = JSON_TYPE, headers = {}) =>
  send({ body, headers: { 'content-type': type, ...headers } })

describe('the audits of graphql-http', () => {
  const audits = serverAudits({
    url: () => `${onhand.url}/graphql`,
    fetchFn: fetch,
  })

  test('are 61 in number', () => expect(audits).toHaveLength(61))

  test.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' })
  })
})

describe('bodies', () => {
  test.each([
    { why: 'invalid JSON', body: '{"query":', type: JSON_TYPE, status: 400 },
    { why: 'a list of requests', body: `[{"query":"${QUERY}"}]`, type: JSON_TYPE, status: 400 },
    { why: 'no query', body: '{}', type: JSON_TYPE, status: 400 },
    { why: 'a query that is not a string', body: '{"query":5}', type: JSON_TYPE, status: 400 },
    { why: 'text', body: `{"query":"${QUERY}"}`, type: 'text/plain', status: 400 },
    {
      why: 'text that mentions JSON',
      body: `{"query":"${QUERY}"}`,
      type: 'text/plain; application/json',
      status: 400,
    },
    { why: 'a form', body: `query=${QUERY}`, type: 'application/x-www-form-urlencoded', status: 400 },
    { why: 'a form with files', body: '--x--', type: 'multipart/form-data; boundary=x', status: 400 },
    { why: 'another type', body: `{"query":"${QUERY}"}`, type: 'application/graphql', status: 415 },
    { why: 'a very long type', body: `{"query":"${QUERY}"}`, type: `text/${'x'.repeat(9000)}`, status: 415 },
    {
      why: 'another charset',
      body: `{"query":"${QUERY}"}`,
      type: 'application/json; charset=utf-16',
      status: 415,
    },
    {
      why: 'over 100 KB',
      body: JSON.stringify({ query: QUERY, x: 'x'.repeat(110_000) }),
      type: JSON_TYPE,
      status: 413,
    },
    { why: '__proto__', body: `{"query":"${QUERY}","__proto__":{}}`, type: JSON_TYPE, status: 400 },
  ])('$why: $status, as JSON', async ({ body, type, status }) => {
    const answer = await post(body, type)
    expect(answer.status).toBe(status)
    expect(answer.body.errors[0]).toMatchObject({ message: expect.any(String) })
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\/src\/|at \w+ \(/)
    expect(JSON.stringify(answer.body).length).toBeLessThan(1000)
  })

  test('without a type: 415; with another compression than gzip: 415', async () => {
    const bare = await send({ body: new Blob([`{"query":"${QUERY}"}`]) })
    expect(bare).toMatchObject({
      status: 415,
      body: { errors: [{ message: expect.stringContaining('application/json') }] },
    })
    const brotli = Uint8Array.from(brotliCompressSync(JSON.stringify({ query: QUERY })))
    const compressed = await post(brotli, JSON_TYPE, { 'content-encoding': 'br' })
    expect(compressed).toMatchObject({
      status: 415,
      body: { errors: [{ message: expect.stringContaining('gzip') }] },
    })
  })

  test('gzipped bodies are accepted, unless they are too large when unpacked', async () => {
    const gzip = { 'content-encoding': 'gzip' }
    expect(
      await post(Uint8Array.from(gzipSync(JSON.stringify({ query: QUERY }))), JSON_TYPE, gzip),
    ).toMatchObject({
      status: 200,
    })
    const bomb = Uint8Array.from(gzipSync(JSON.stringify({ query: QUERY, x: 'x'.repeat(5_000_000) })))
    expect(bomb.length).toBeLessThan(50_000)
    expect(await post(bomb, JSON_TYPE, gzip)).toMatchObject({ status: 413 })
    expect(await post('not gzip', JSON_TYPE, gzip)).toMatchObject({ status: 400 })
  })
})

describe('methods', () => {
  const path = `?query=${encodeURIComponent(QUERY)}`
  const mutation = encodeURIComponent('mutation { deallocate(input: { orderId: "o", sku: "s" }) { token } }')

  test.each([
    { method: 'GET', path, headers: {}, status: 200 },
    { method: 'GET', path: `?query=${mutation}`, headers: {}, status: 405 },
    { method: 'GET', path: `?query=${mutation}`, headers: { 'content-type': JSON_TYPE }, status: 405 },
    { method: 'PUT', path: '', headers: {}, status: 405 },
    { method: 'DELETE', path: '', headers: {}, status: 405 },
  ])('$method $headers: $status', async ({ method, path: at, headers, status }) => {
    expect(await send({ method, path: at, headers })).toMatchObject({ status })
  })
})

describe('expensive documents fail before validation', () => {
  const doubling = Array.from(
    { length: 22 },
    (_, at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`,
  )
  test.each([
    { why: 'over 1,000 tokens', query: `{ ${'__typename '.repeat(1001)} }` },
    {
      why: 'over 15 aliases',
      query: `{ ${Array.from({ length: 16 }, (_, at) => `a${at}: __typename`).join(' ')} }`,
    },
    { why: 'over 20 directives', query: `{ __typename ${'@include(if: true) '.repeat(30)} }` },
    {
      why: 'fragments that expand exponentially',
      query: `{ ...F0 } ${doubling.join(' ')} fragment F22 on Query { __typename }`,
    },
    {
      why: 'fragments in a cycle',
      query: '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
    },
    { why: '20,000 braces', query: '{'.repeat(20_000) },
    { why: 'over 3,000 lines', query: `${'\r\n'.repeat(3000)}{ __typename }` },
  ])('$why', async ({ query }) => {
    const { status, body } = await post(JSON.stringify({ query }))
    expect(status).toBe(400)
    expect(body.errors[0].extensions.code).toMatch(/QUERY_TOO_COMPLEX|BAD_USER_INPUT/)
  })
})

test('one field 980 times gets a clear error', async () => {
  const query = `{ product(sku: "lamp") { ${'sku '.repeat(980)} } }`
  const { status, body } = await post(JSON.stringify({ query }))
  expect(status).toBe(400)
  expect(body.errors).toMatchObject([
    {
      message: expect.stringContaining('same response name'),
      extensions: { code: 'QUERY_TOO_COMPLEX', retryable: false },
    },
  ])
})

describe('suggestions of names appear in development, never in production', () => {
  const filtered = 'query ($filter: ProductFilter) { products(filter: $filter) { nodes { sku } } }'

  test.each([
    { query: '{ projection { name } }', meant: 'projections' },
    { query: filtered, variables: { filter: { skuStartWith: 'x' } }, meant: 'skuStartsWith' },
    { query: filtered, variables: { filter: { status: ['IN_STOK'] } }, meant: 'IN_STOCK' },
  ])('$query $variables', async ({ query, variables, meant }) => {
    const messageFrom = async ({ ask }: TestOnhand) => (await ask(query, variables)).errors?.[0]?.message
    const [open, closed] = [await messageFrom(onhand), await messageFrom(production)]
    expect(open).toContain(meant)
    expect(closed).toBe(open?.replace(/ Did you mean .*/, ''))
  })

  test('the same holds over WebSocket', async () => {
    const messageFrom = async ({ subscribe }: TestOnhand) => {
      const reason: unknown = await subscribe('subscription { stockMove { sku } }')
        .next()
        .catch((error: unknown) => error)
      return (reason as { message: string }[])[0]?.message
    }
    const [open, closed] = [await messageFrom(onhand), await messageFrom(production)]
    expect(open).toContain('Did you mean "stockMoved"')
    expect(closed).toBe(open?.replace(/ Did you mean .*/, ''))
  })
})

describe('error messages are short', () => {
  const name = 'n'.repeat(80_000)
  const unused = Array.from({ length: 200 }, (_, at) => `$v${at}: Int`).join(' ')
  const keys = Object.fromEntries(Array.from({ length: 8000 }, (_, at) => [`k${at}`, 1]))
  const filtered = 'query ($filter: ProductFilter) { products(filter: $filter) { nodes { sku } } }'

  test.each([
    { why: 'a name that each error quotes', query: `query ${name}(${unused}) { __typename }`, variables: {} },
    { why: 'a value that each error quotes', query: filtered, variables: { filter: keys } },
    {
      why: 'a date',
      query:
        'mutation ($d: Date) { createBatch(input: { reference: "b", sku: "s", quantity: 1, eta: $d }) { token } }',
      variables: { d: 'x'.repeat(80_000) },
    },
    {
      why: 'a version',
      query:
        'mutation ($v: String) { changeBatchQuantity(input: { reference: "b", quantity: 1, expectedVersion: $v }) { token } }',
      variables: { v: '9'.repeat(80_000) },
    },
  ])('$why', async ({ query, variables }) => {
    const { errors = [] } = await onhand.ask(query, variables)
    expect(errors.length).toBeGreaterThan(0)
    for (const { message, extensions } of errors) {
      expect(message.length).toBeLessThan(600)
      expect(extensions.code).toBe('BAD_USER_INPUT')
    }
    expect(JSON.stringify(errors).length).toBeLessThan(100_000)
  })
})

test('an internal error is masked, with a request id to quote', async () => {
  const broken = await startTestOnhand()
  await broken.database.sql`drop table views.orders`
  const response = await fetch(`${broken.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': JSON_TYPE, 'x-request-id': 'my-request-7' },
    body: JSON.stringify({ query: '{ order(id: "o") { id } }' }),
  })
  const { errors } = (await response.json()) as any
  expect(errors).toMatchObject([
    { extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'my-request-7', retryable: false } },
  ])
  expect(errors[0].message).toContain('my-request-7')
  expect(JSON.stringify(errors)).not.toMatch(/views\.orders|select|relation/)
  expect(response.headers.get('x-request-id')).toBe('my-request-7')
  await broken.close()
})

describe('pages of other origins', () => {
  const ask = (origin: string, headers = {}) =>
    send({
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
        ...headers,
      },
    })

  test('are not allowed', async () => {
    const { headers } = await ask('https://evil.example')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  test('Apollo Sandbox is allowed, even for a server on the visitor’s own machine', async () => {
    const origin = 'https://studio.apollographql.com'
    const { status, headers } = await ask(origin, { 'access-control-request-private-network': 'true' })
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe(origin)
    expect(headers.get('access-control-allow-private-network')).toBe('true')
  })
})

test('a connection that sends nothing is closed', async () => {
  const { hostname, port } = new URL(onhand.url)
  const silent = connect(Number(port), hostname)
  silent.on('error', () => {})
  silent.resume()
  silent.write('POST /graphql HTTP/1.1\r\nhost: x\r\n')
  await once(silent, 'close')
})

describe('health and metrics', () => {
  test('healthz, readyz and metrics answer', async () => {
    expect((await fetch(`${onhand.url}/healthz`)).status).toBe(200)
    const ready = await fetch(`${onhand.url}/readyz`)
    expect(ready.status).toBe(200)
    expect(await ready.json()).toMatchObject({ status: 'ready' })
    const metrics = await (await fetch(`${onhand.url}/metrics`)).text()
    for (const name of [
      'commands_total',
      'command_group_commands',
      'commit_seconds',
      'log_head',
      'projection_lag_events',
      'sockets',
      'deliveries_total',
    ]) {
      expect(metrics).toContain(`# TYPE onhand_${name} `)
    }
  })

  test.each([
    { path: '/nothing', status: 404, code: 'NOT_FOUND' },
    { path: '/console/nothing.js', status: 404, code: 'NOT_FOUND' },
    { path: '/console/..%2f..%2fpackage.json', status: 404, code: 'NOT_FOUND' },
    { path: '/%zz', status: 400, code: 'BAD_USER_INPUT' },
  ])('an unknown path gets an error in JSON: $path', async ({ path, status, code }) => {
    const response = await fetch(`${onhand.url}${path}`)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] })
  })
})
