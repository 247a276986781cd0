/** Bad input gets a clear error with a code and changes nothing. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'

let onhand: TestOnhand
let headBefore: string

beforeAll(async () => {
  onhand = await startTestOnhand()
  await createBatch(onhand, { reference: 'b1', sku: 'lamp', quantity: 10 })
  await allocate(onhand, { orderId: 'o1', sku: 'lamp', quantity: 2 })
})

afterAll(() => onhand.close())

const head = async (): Promise<string> => (await onhand.gql('{ projections { head } }')).projections[0].head

beforeEach(async () => {
  headBefore = await head()
})

afterEach(async () => {
  expect(await head()).toBe(headBefore)
})

/** Code and message of the only error. */
async function refusal(query: string, variables?: object) {
  const { data, errors } = await onhand.ask(query, variables)
  if (errors === undefined) return { code: null, message: JSON.stringify(data), retryable: null }
  expect(errors).toHaveLength(1)
  const [{ message, extensions }] = errors as [(typeof errors)[number]]
  // No internals reach the client.
  expect(message).not.toMatch(/select |insert |\/src\/|node_modules|postgres/i)
  return { code: extensions.code, message, retryable: extensions.retryable }
}

const CONTROL = 'line\nbreak'
const LONG = 'x'.repeat(256)
const BAD_IDS = ['', CONTROL, '\u0000', '\u001f', LONG, '\ud800']

describe('commands', () => {
  test.each([
    { quantity: 0 },
    { quantity: -1 },
    { quantity: 1.5 },
    { quantity: 2 ** 31 },
    { quantity: 1e300 },
    { quantity: '5' },
    { quantity: null },
    { quantity: true },
  ])('allocate $quantity units', async ({ quantity }) => {
    const query = 'mutation ($input: AllocateInput!) { allocate(input: $input) { token } }'
    const { code, message } = await refusal(query, { input: { orderId: 'o2', sku: 'lamp', quantity } })
    expect(code).toBe('BAD_USER_INPUT')
    expect(message).toContain('quantity')
  })

  test.each(['0', '-1', '1.5', '99999999999', '"5"'])(
    'a quantity as a literal in the document: %s',
    async (quantity) => {
      const query = `mutation { allocate(input: { orderId: "o2", sku: "lamp", quantity: ${quantity} }) { token } }`
      expect(await refusal(query)).toMatchObject({ code: 'BAD_USER_INPUT' })
    },
  )

  test.each(BAD_IDS.flatMap((id) => ['orderId', 'sku', 'commandId'].map((field) => ({ field, id }))))(
    'the id $id as $field',
    async ({ field, id }) => {
      const query = 'mutation ($input: AllocateInput!) { allocate(input: $input) { token } }'
      const input = { orderId: 'o2', sku: 'lamp', quantity: 1, [field]: id }
      expect(await refusal(query, { input })).toMatchObject({ code: 'BAD_USER_INPUT', retryable: false })
    },
  )

  test.each(['2026-02-30', '2026-13-01', '26-01-01', 'tomorrow', '2026-01-01T00:00:00Z', 20260101])(
    'a batch that arrives on %s',
    async (eta) => {
      const query = 'mutation ($input: CreateBatchInput!) { createBatch(input: $input) { token } }'
      const input = { reference: 'b2', sku: 'lamp', quantity: 1, eta }
      expect(await refusal(query, { input })).toMatchObject({ code: 'BAD_USER_INPUT' })
    },
  )

  test.each([
    ['createBatch(input: { reference: "b1", sku: "lamp", quantity: 5 })', 'BATCH_REFERENCE_TAKEN'],
    ['createBatch(input: { reference: "b1", sku: "chair", quantity: 5 })', 'BATCH_REFERENCE_TAKEN'],
    ['changeBatchQuantity(input: { reference: "nope", quantity: 5 })', 'BATCH_NOT_FOUND'],
    ['changeBatchQuantity(input: { reference: "b1", quantity: 5, expectedVersion: "77" })', 'STALE_VERSION'],
    ['allocate(input: { orderId: "o2", sku: "nope", quantity: 5 })', 'INVALID_SKU'],
    ['allocate(input: { orderId: "o2", sku: "lamp", quantity: 5000 })', 'OUT_OF_STOCK'],
    ['allocate(input: { orderId: "o1", sku: "lamp", quantity: 3 })', 'LINE_ALREADY_ALLOCATED'],
    ['deallocate(input: { orderId: "o9", sku: "lamp" })', 'LINE_NOT_ALLOCATED'],
    ['deallocate(input: { orderId: "o1", sku: "nope" })', 'INVALID_SKU'],
  ])('%s is rejected: %s', async (command, code) => {
    const data = await onhand.gql(
      `mutation { answer: ${command} { token userErrors { code message field } } }`,
    )
    expect(data.answer).toMatchObject({ token: null, userErrors: [{ code }] })
    expect(data.answer.userErrors[0].message.length).toBeGreaterThan(10)
  })

  test('an order line that is allocated already with the same quantity is accepted and changes nothing', async () => {
    const query =
      'mutation { allocate(input: { orderId: "o1", sku: "lamp", quantity: 2 }) { batchReference userErrors { code } } }'
    expect((await onhand.gql(query)).allocate).toEqual({ batchReference: 'b1', userErrors: [] })
  })
})

test('ids can be in any language and have up to 255 characters', async () => {
  for (const id of ['лампа', '🪔', 'a b', "Robert'); drop table batches;--", '%_\\', 'y'.repeat(255)]) {
    const query =
      'query ($id: ID!) { product(sku: $id) { sku } order(id: $id) { id } batch(reference: $id) { reference } }'
    expect(await onhand.gql(query, { id })).toEqual({ product: null, order: null, batch: null })
  }
})

describe('queries', () => {
  test.each([
    'products(first: 1000000000) { nodes { sku } }',
    'products(first: 99999999999999) { nodes { sku } }',
    'products(first: 101) { nodes { sku } }',
    'products(first: 0) { nodes { sku } }',
    'products(first: -1) { nodes { sku } }',
    'products(first: 1, last: 1) { nodes { sku } }',
    'products(after: "nonsense") { nodes { sku } }',
    `products(after: "${Buffer.from('["products by AVAILABLE",1,"x"]').toString('base64url')}") { nodes { sku } }`,
    'products(before: "") { nodes { sku } }',
    'products(filter: { skuStartsWith: "a\\nb" }) { nodes { sku } }',
    'stockMovements(sku: "lamp", after: "five") { nodes { position } }',
    'product(sku: "") { sku }',
    'product(sku: "lamp") { earliestDate(quantity: 0) { now } }',
    'product(sku: "lamp", consistentWith: "yesterday") { sku }',
    'product(sku: "lamp", consistentWith: "0:4") { sku }',
    'product(sku: "lamp", consistentWith: "e1.0:-4") { sku }',
    'product(sku: "lamp", consistentWith: "e1.0:99999999999999999999") { sku }',
    'product(sku: "lamp", consistentWith: "e1.1:0") { sku }',
    'product(sku: "lamp", consistentWith: 7) { sku }',
    `order(id: "${LONG}") { id }`,
    'product { sku }',
    'nonesuch',
  ])('{ %s }', async (query) => {
    const { code, message } = await refusal(`{ ${query} }`)
    expect({ code, message }).toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  test('a list with too many SKUs', async () => {
    const skus = Array.from({ length: 101 }, (_, at) => `s${at}`)
    const query = 'query ($skus: [ID!]) { products(filter: { skus: $skus }) { nodes { sku } } }'
    expect(await refusal(query, { skus })).toMatchObject({ code: 'BAD_USER_INPUT' })
  })
})

test('a request with a token or cursor of another epoch, or beyond the log, fails at once', async () => {
  // A cursor of the ledger is a token.
  const { stockMovements } = await onhand.gql(
    '{ stockMovements(sku: "lamp", last: 1, consistentWith: "latest") { edges { cursor } } }',
  )
  const token: string = stockMovements.edges[0].cursor
  expect(
    (await onhand.ask(`{ product(sku: "lamp", consistentWith: "${token}") { sku } }`)).errors,
  ).toBeUndefined()
  const beyond = token.replace(/\d+$/, '1000000')
  for (const point of [beyond, token.replace(/^[^.]+/, 'another')]) {
    const askedAt = performance.now()
    const queries = [
      `product(sku: "lamp", consistentWith: "${point}") { sku }`,
      `stockMovements(sku: "lamp", after: "${point}") { nodes { position } }`,
      `stockMovements(sku: "lamp", last: 1, before: "${point}") { nodes { position } }`,
    ]
    for (const query of queries) {
      const { code, retryable } = await refusal(`{ ${query} }`)
      expect({ code, retryable }).toEqual({ code: 'LOG_REPLACED', retryable: false })
    }
    // The request does not wait for a projection.
    expect(performance.now() - askedAt).toBeLessThan(4000)
  }
  expect(
    await refusal('{ stockMovements(sku: "lamp", after: "1000000") { nodes { position } } }'),
  ).toMatchObject({
    code: 'LOG_REPLACED',
  })
})
