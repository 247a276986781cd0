/**
 * The GraphQL cheat sheet of OWASP, point by point, in its order: each with a test, or with the reason why there is none.
 * https://cheatsheetseries.owasp.org/cheatsheets/GraphQL_Cheat_Sheet.html
 */
import { readFile } from 'node:fs/promises'
import { readerRole } from '../../src/operations/reader-role.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { createBatch } from '../support/operations.ts'

let onhand: TestOnhand
let production: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand()
  production = await startTestOnhand({
    config: { production: true, introspection: false },
    database: onhand.database,
  })
  await createBatch(onhand, { reference: 'b1', sku: 'lamp', quantity: 10 })
})

afterAll(async () => {
  await production.close()
  await onhand.close()
})

const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  fetch(`${onhand.url}/graphql`, { method: 'POST', headers, body })

const refused = async (query: string, variables?: object, on = onhand) => {
  const { errors = [] } = await on.ask(query, variables)
  return errors[0] as (typeof errors)[number]
}

describe('input validation', () => {
  test('specific types: scalars and enums take what they name, and nothing else', async () => {
    for (const quantity of ['0', '1.5', '"5"', 'true', '99999999999'])
      expect(
        await refused(
          `mutation { allocate(input: { orderId: "o", sku: "lamp", quantity: ${quantity} }) { token } }`,
        ),
      ).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } })
    expect(await refused('{ products(filter: { status: [SOLD] }) { nodes { sku } } }')).toBeDefined()
  })

  test('custom scalars, and input types for mutations', async () => {
    const create = (eta: string) =>
      `mutation { createBatch(input: { reference: "x", sku: "lamp", quantity: 1, eta: "${eta}" }) { token } }`
    expect(await refused(create('2026-02-30'))).toMatchObject({
      message: expect.stringContaining('2026-02-30'),
    })
  })

  test('allowed characters: no control characters, no half of a surrogate pair, 255 characters at most', async () => {
    for (const sku of ['', '\u0000', 'line\nbreak', '\ud800', 'x'.repeat(256)])
      expect(await refused('query ($sku: ID!) { product(sku: $sku) { sku } }', { sku })).toMatchObject({
        extensions: { code: 'BAD_USER_INPUT' },
      })
  })

  test('input that is invalid is refused without saying how the inside works', async () => {
    const { message } = await refused('{ product(sku: "") { sku } }')
    expect(message).not.toMatch(/select |views\.|postgres|drizzle|\/src\/|node_modules/i)
  })
})

describe('injection prevention', () => {
  test('SQL: statements have parameters, so that what a client sends is a value and nothing else', async () => {
    for (const sku of [
      "lamp' or '1'='1",
      "'; drop table views.availability; --",
      '%',
      '_',
      '\\',
      '$1',
      '${sku}',
    ])
      expect(
        await onhand.gql(
          'query ($sku: ID!, $start: String) { product(sku: $sku) { sku } products(filter: { skuStartsWith: $start }) { nodes { sku } } }',
          { sku, start: sku },
        ),
      ).toEqual({ product: null, products: { nodes: [] } })
    expect(await onhand.gql('{ product(sku: "lamp") { available } }')).toEqual({ product: { available: 10 } })
  })

  // OS commands: no request starts a process. Requests for others (SSRF): no request makes the server call an address.
  // XML, LDAP and templates: there are none. HTML: answers are JSON, are not sniffed, and may run nothing:
  test('cross-site scripting: an answer is data to a browser', async () => {
    const { headers } = await post('{"query":"{ __typename }"}')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  })
})

describe('process validation', () => {
  test('valid syntax is not enough: what must hold of stock is checked by the domain', async () => {
    const { allocate } = await onhand.gql(
      'mutation { allocate(input: { orderId: "o", sku: "lamp", quantity: 11 }) { token userErrors { code } } }',
    )
    expect(allocate).toEqual({ token: null, userErrors: [{ code: 'OUT_OF_STOCK' }] })
  })
})

describe('denial of service prevention', () => {
  test('depth', async () => {
    const deep = `{ products { nodes ${'{ batches '.repeat(12)} { sku } ${'}'.repeat(12)} } }`
    expect(await refused(deep)).toMatchObject({ extensions: { code: 'QUERY_TOO_COMPLEX' } })
  })

  test('amount: pages and lists have a largest size', async () => {
    for (const query of [
      'products(first: 101) { nodes { sku } }',
      'product(sku: "lamp") { batches(first: 1001) { sku } }',
    ])
      expect((await onhand.ask(`{ ${query} }`)).errors).toMatchObject([
        { message: expect.stringContaining('"first"'), extensions: { code: 'BAD_USER_INPUT' } },
      ])
  })

  test('pagination: lists without an end are read page by page', async () => {
    const { products } = await onhand.gql(
      '{ products(first: 1) { nodes { sku } pageInfo { hasNextPage endCursor } } }',
    )
    expect(products).toMatchObject({ nodes: [{ sku: 'lamp' }], pageInfo: { hasNextPage: false } })
  })

  // Timeouts: of requests and their headers in malformed-http.test.ts, of statements in `forQueries`, of waiting for a
  // projection in consistency.test.ts.

  test('cost: lists count as full before anything is executed', async () => {
    const query = '{ products(first: 100) { nodes { batches(first: 1000) { reference } } } }'
    expect(await refused(query)).toMatchObject({ extensions: { code: 'QUERY_TOO_COMPLEX' } })
  })

  // Rate limiting: there is none by number of requests; a proxy can count those. What one client can make the server keep or do
  // at a time is limited instead: live connections per address (admission), the queue of commands (OVERLOADED), sizes.

  test('batching: a list of requests is refused, so that none hides behind another', async () => {
    const { status } = await post('[{"query":"{ __typename }"},{"query":"{ __typename }"}]')
    expect(status).toBe(400)
  })

  test('batching by aliases: 15 at most', async () => {
    const guesses = Array.from({ length: 16 }, (_, at) => `a${at}: order(id: "${at}") { id }`).join(' ')
    expect(await refused(`{ ${guesses} }`)).toMatchObject({ extensions: { code: 'QUERY_TOO_COMPLEX' } })
  })

  // Loaders: what one request asks of many products is one statement, see consistency.test.ts.
})

describe('access control', () => {
  // There is none yet, and README says so: everybody may do everything, so that ids, nodes and edges open nothing that is
  // closed elsewhere. What there is, is kept apart:
  test('queries read as a database role that can write nothing', async () => {
    const [row] = await onhand.database.sql<{ writes: boolean }[]>`
      select bool_or(has_table_privilege(${readerRole(onhand.database.url)}::name, c.oid, 'insert, update, delete, truncate')) as writes
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('stock', 'views') and c.relkind in ('r', 'p')`
    expect(row?.writes).toBe(false)
  })

  test('README says that nobody is kept out', async () => {
    expect(await readFile('README.md', 'utf8')).toMatch(/there is no access control yet/i)
  })

  test('introspection is off in production', async () => {
    expect(await refused('{ __schema { types { name } } }', {}, production)).toMatchObject({
      message: expect.stringContaining('INTROSPECTION=off'),
      extensions: { code: 'FORBIDDEN', retryable: false },
    })
    expect(await refused('{ __type(name: "Query") { name } }', {}, production)).toBeDefined()
    expect(await production.gql('{ __typename }')).toEqual({ __typename: 'Query' })
  })

  test('and no names are given away by suggestions', async () => {
    expect((await refused('{ productz { nodes { sku } } }', {}, production)).message).toBe(
      'Cannot query field "productz" on type "Query".',
    )
  })

  // GraphiQL and its like: the console is served in production, too. It is a page that can do what any client can.
})

describe('cross-site requests', () => {
  test('a command takes a POST with a JSON body, which a foreign page cannot send without asking', async () => {
    const body = '{"query":"mutation { deallocate(input: { orderId: \\"o\\", sku: \\"lamp\\" }) { token } }"}'
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect((await post(body, { 'content-type': type })).status).toBe(400)
    const { query } = JSON.parse(body) as { query: string }
    expect((await fetch(`${onhand.url}/graphql?query=${encodeURIComponent(query)}`)).status).toBe(405)
  })

  test('and it would be told no', async () => {
    const { headers } = await fetch(`${onhand.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('insecure defaults', () => {
  test('errors are masked, without a stack, and quote a request id', async () => {
    await onhand.database.sql`alter table views.batches rename to gone`
    const { message, extensions } = (await onhand.ask('{ batch(reference: "b1") { sku } }')).errors?.[0] ?? {}
    await onhand.database.sql`alter table views.gone rename to batches`
    expect(extensions).toEqual({
      code: 'INTERNAL_SERVER_ERROR',
      retryable: false,
      requestId: expect.any(String),
    })
    expect(message).toContain(extensions?.['requestId'])
  })

  test('it listens to this machine alone, unless it is told otherwise', async () => {
    const { readConfig } = await import('../../src/config.ts')
    expect(readConfig({}).host).toBe('127.0.0.1')
  })
})
