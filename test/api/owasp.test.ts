/**
 * OWASP's GraphQL cheat sheet, point by point, in its order. Each point has a test, or the reason why there is none.
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
  test('specific types: scalars and enums accept only valid values', async () => {
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

  test('allowed characters: no control characters, no unpaired surrogates, at most 255 characters', async () => {
    for (const sku of ['', '\u0000', 'line\nbreak', '\ud800', 'x'.repeat(256)])
      expect(await refused('query ($sku: ID!) { product(sku: $sku) { sku } }', { sku })).toMatchObject({
        extensions: { code: 'BAD_USER_INPUT' },
      })
  })

  test('errors for invalid input reveal no internals', async () => {
    const { message } = await refused('{ product(sku: "") { sku } }')
    expect(message).not.toMatch(/select |views\.|postgres|drizzle|\/src\/|node_modules/i)
  })
})

describe('injection prevention', () => {
  test('SQL: statements have parameters, so clients’ input is never part of a statement', async () => {
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

  // OS commands: no request starts a process. Server-side request forgery (SSRF): no request makes the server call an address.
  // XML, LDAP and templates: the server uses none. HTML: answers are JSON, and headers forbid sniffing and scripts.
  test('cross-site scripting: browsers treat answers as data', async () => {
    const { headers } = await post('{"query":"{ __typename }"}')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  })
})

describe('process validation', () => {
  test('valid syntax is not enough: the domain checks the rules of stock', async () => {
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

  test('amount: pages and lists have a maximum size', async () => {
    for (const query of [
      'products(first: 101) { nodes { sku } }',
      'product(sku: "lamp") { batches(first: 1001) { sku } }',
    ])
      expect((await onhand.ask(`{ ${query} }`)).errors).toMatchObject([
        { message: expect.stringContaining('"first"'), extensions: { code: 'BAD_USER_INPUT' } },
      ])
  })

  test('pagination: unbounded lists are read in pages', async () => {
    const { products } = await onhand.gql(
      '{ products(first: 1) { nodes { sku } pageInfo { hasNextPage endCursor } } }',
    )
    expect(products).toMatchObject({ nodes: [{ sku: 'lamp' }], pageInfo: { hasNextPage: false } })
  })

  // Timeouts: see malformed-http.test.ts for requests and headers, `forQueries` for statements, and consistency.test.ts for waiting
  // for a projection.

  test('cost: lists count as full before anything is executed', async () => {
    const query = '{ products(first: 100) { nodes { batches(first: 1000) { reference } } } }'
    expect(await refused(query)).toMatchObject({ extensions: { code: 'QUERY_TOO_COMPLEX' } })
  })

  // Rate limiting: the server does not count requests, which a proxy can do. It limits what a client can use at one time: live
  // connections per address (admission), the queue of commands (OVERLOADED), and sizes.

  test('batching: a list of requests fails, so that no request hides behind another', async () => {
    const { status } = await post('[{"query":"{ __typename }"},{"query":"{ __typename }"}]')
    expect(status).toBe(400)
  })

  test('batching by aliases: 15 at most', async () => {
    const guesses = Array.from({ length: 16 }, (_, at) => `a${at}: order(id: "${at}") { id }`).join(' ')
    expect(await refused(`{ ${guesses} }`)).toMatchObject({ extensions: { code: 'QUERY_TOO_COMPLEX' } })
  })

  // Loaders: a request for many products is one statement, see consistency.test.ts.
})

describe('access control', () => {
  // There is no access control yet, and README says so: ids, nodes and edges give access to nothing that is closed elsewhere. Reads
  // and writes are separated nevertheless.
  test('queries use a database role that cannot write', async () => {
    const [row] = await onhand.database.sql<{ writes: boolean }[]>`
      select bool_or(has_table_privilege(${readerRole(onhand.database.url)}::name, c.oid, 'insert, update, delete, truncate')) as writes
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('stock', 'views') and c.relkind in ('r', 'p')`
    expect(row?.writes).toBe(false)
  })

  test('README says that there is no access control', async () => {
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

  test('suggestions reveal no names of the schema', async () => {
    expect((await refused('{ productz { nodes { sku } } }', {}, production)).message).toBe(
      'Cannot query field "productz" on type "Query".',
    )
  })

  // GraphiQL and similar tools: the console is served in production as well. It is a page that can do only what any client can.
})

describe('cross-site requests', () => {
  test('a command needs a POST with a JSON body, which a foreign page cannot send without a preflight request', async () => {
    const body = '{"query":"mutation { deallocate(input: { orderId: \\"o\\", sku: \\"lamp\\" }) { token } }"}'
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect((await post(body, { 'content-type': type })).status).toBe(400)
    const { query } = JSON.parse(body) as { query: string }
    expect((await fetch(`${onhand.url}/graphql?query=${encodeURIComponent(query)}`)).status).toBe(405)
  })

  test('the preflight request of a foreign page is denied', async () => {
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

  test('by default the server listens on loopback only', async () => {
    const { readConfig } = await import('../../src/config.ts')
    expect(readConfig({}).host).toBe('127.0.0.1')
  })
})
