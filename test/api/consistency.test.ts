/** Reads with a consistency token, and lists that are read in pages. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, changeBatchQuantity, createBatch, deallocate } from '../support/operations.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand()
})

afterAll(() => onhand.close())

describe('the effect of a command', () => {
  test('is visible to the query in its payload, and to any query with its token, at once and always', async () => {
    await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 1000 })
    for (let time = 1; time <= 50; time += 1) {
      const { token, query } = await allocate(onhand, { orderId: `o${time}`, sku: 'lamp', quantity: 1 })
      expect(query.order.lines).toHaveLength(1)
      const answer = await onhand.gql(
        `query ($token: ConsistencyToken!) {
          product(sku: "lamp", consistentWith: $token) { allocated }
          batch(reference: "b", consistentWith: $token) { allocated }
          order(id: "o${time}", consistentWith: $token) { lines { sku } }
          stockMovements(sku: "lamp", last: 1, consistentWith: $token) { nodes { orderId } } }`,
        { token },
      )
      expect(answer).toMatchObject({
        product: { allocated: time },
        batch: { allocated: time },
        order: { lines: [{ sku: 'lamp' }] },
        stockMovements: { nodes: [{ orderId: `o${time}` }] },
      })
    }
  })

  test('"latest" includes everything that happened before the request', async () => {
    await deallocate(onhand, { orderId: 'o1', sku: 'lamp' })
    const { product } = await onhand.gql('{ product(sku: "lamp", consistentWith: "latest") { allocated } }')
    expect(product).toEqual({ allocated: 49 })
  })
})

test('a request fails with PROJECTION_LAGGING if the projection takes more than 5 s, and succeeds later', async () => {
  await createBatch(onhand, { reference: 'slow', sku: 'slow', quantity: 5 })
  const query = '{ order(id: "held", consistentWith: "latest") { lines { status } } }'
  await until(async () =>
    (await onhand.gql('{ projections { lag } }')).projections.every(({ lag }: any) => lag === 0),
  )
  const sql = onhand.database.sql
  await sql.begin(async (tx) => {
    await tx`select from views.checkpoints where projection = 'orders' for update`
    await onhand.gql('mutation { allocate(input: { orderId: "held", sku: "slow", quantity: 1 }) { token } }')
    const { errors } = await onhand.ask(query)
    expect(errors).toMatchObject([{ extensions: { code: 'PROJECTION_LAGGING', retryable: true } }])
    const { projections } = await onhand.gql('{ projections { name lag status } }')
    const behind = projections.find(({ name }: { name: string }) => name === 'orders')
    expect(behind).toMatchObject({ lag: 1, status: 'CATCHING_UP' })
  })
  expect((await onhand.gql(query)).order.lines).toEqual([{ status: 'ALLOCATED' }])
})

describe('lists', () => {
  const skus = Array.from({ length: 23 }, (_, at) => `page-${String(at).padStart(2, '0')}`)

  beforeAll(async () => {
    for (const [at, sku] of skus.entries()) {
      await createBatch(onhand, { reference: `batch-${sku}`, sku, quantity: 1 + ((at * 7) % 5) })
    }
  })

  const FIELDS = 'nodes { sku available } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }'

  test.each(
    ['SKU', 'AVAILABLE'].flatMap((field) =>
      ['ASC', 'DESC'].flatMap((direction) => [true, false].map((forward) => ({ field, direction, forward }))),
    ),
  )('products by $field $direction, forward: $forward', async ({ field, direction, forward }) => {
    const [count, from] = forward ? ['first', 'after'] : ['last', 'before']
    const query = `query ($at: String) { products(filter: { skuStartsWith: "page-" }, ${count}: 5, ${from}: $at,
      orderBy: { field: ${field}, direction: ${direction} }, consistentWith: "latest") { ${FIELDS} } }`
    const pages: { sku: string; available: number }[][] = []
    for (let at: string | null = null; ;) {
      const { products }: Record<string, any> = await onhand.gql(query, { at })
      const { hasNextPage, hasPreviousPage, startCursor, endCursor } = products.pageInfo
      if (forward) pages.push(products.nodes)
      else pages.unshift(products.nodes)
      if (!(forward ? hasNextPage : hasPreviousPage)) break
      at = forward ? endCursor : startCursor
    }
    const found = pages.flat()
    expect(found.map(({ sku }) => sku).toSorted()).toEqual(skus)
    const keys = found.map(({ sku, available }) => (field === 'SKU' ? sku : `${available} ${sku}`))
    expect(keys).toEqual(direction === 'ASC' ? keys.toSorted() : keys.toSorted().toReversed())
  })
})

test('a change with an outdated `expectedVersion` is rejected', async () => {
  await createBatch(onhand, { reference: 'versioned', sku: 'versioned', quantity: 10 })
  const { product } = await onhand.gql(
    '{ product(sku: "versioned", consistentWith: "latest") { batches { version } version } }',
  )
  const [{ version }] = product.batches
  const change = (quantity: number) =>
    changeBatchQuantity(onhand, { reference: 'versioned', quantity, expectedVersion: version })
  expect((await change(20)).userErrors).toEqual([])
  expect((await change(30)).userErrors).toMatchObject([
    { code: 'STALE_VERSION', expectedVersion: version, actualVersion: expect.any(String) },
  ])
})
