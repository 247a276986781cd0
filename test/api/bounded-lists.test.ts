/** Lists that are not Relay connections: a product's batches and days, an order's lines. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  parseBatchReference,
  parseCalendarDate,
  parseOrderId,
  parseQuantity,
  parseSku,
} from '../../src/domain/values.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'

const BATCHES = 1100
const LINES = 120
const referenceOf = (at: number) => `b-${String(at).padStart(4, '0')}`
const skuOf = (at: number) => `s-${String(at).padStart(3, '0')}`
const DAY_MS = 86_400_000
const dayOf = (at: number) => new Date(Date.UTC(2030, 0, 1) + at * DAY_MS).toISOString().slice(0, 10)

let onhand: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand()
  const quantity = parseQuantity(5, 1)
  const create = (name: string, sku: string, day: string | null) =>
    onhand.dispatch({
      id: name as never,
      command: {
        type: 'CreateBatch',
        reference: parseBatchReference(name),
        sku: parseSku(sku),
        quantity,
        eta: day === null ? null : parseCalendarDate(day),
      },
    })
  await Promise.all(Array.from({ length: BATCHES }, (_, at) => create(referenceOf(at), 'lamp', dayOf(at))))
  await Promise.all(Array.from({ length: LINES }, (_, at) => create(`only-${skuOf(at)}`, skuOf(at), null)))
  for (let at = 0; at < LINES; at += 1)
    await onhand.dispatch({
      id: `line-${at}` as never,
      command: { type: 'Allocate', orderId: parseOrderId('large'), sku: parseSku(skuOf(at)), quantity },
    })
  await onhand.gql(
    '{ product(sku: "lamp", consistentWith: "latest") { sku } order(id: "large", consistentWith: "latest") { id } }',
  )
})

afterAll(() => onhand.close())

const references = async (args: string): Promise<string[]> =>
  (await onhand.gql(`{ product(sku: "lamp") { batches${args} { reference } } }`)).product.batches.map(
    ({ reference }: { reference: string }) => reference,
  )
const skus = async (args: string): Promise<string[]> =>
  (await onhand.gql(`{ order(id: "large") { lines${args} { sku } } }`)).order.lines.map(
    ({ sku }: { sku: string }) => sku,
  )
const days = async (args: string): Promise<string[]> =>
  (
    await onhand.gql(`{ product(sku: "lamp") { availableToPromise${args} { date } } }`)
  ).product.availableToPromise.map(({ date }: { date: string }) => date)
const some = (count: number, of: (at: number) => string, from = 0) =>
  Array.from({ length: count }, (_, at) => of(from + at))

test('without an argument, or with null, lists have their default length', async () => {
  for (const args of ['', '(first: null)']) {
    expect(await references(args)).toEqual(some(100, referenceOf))
    expect(await skus(args)).toEqual(some(100, skuOf))
    expect(await days(args)).toEqual(some(50, dayOf))
  }
})

test('one request returns up to 1,000 entries', async () => {
  expect(await references('(first: 1000)')).toEqual(some(1000, referenceOf))
  expect(await skus('(first: 1000)')).toEqual(some(LINES, skuOf))
  expect(await days('(first: 1000)')).toEqual(some(1000, dayOf))
  expect(await references('(first: 1)')).toEqual(some(1, referenceOf))
})

test('`after` reads all entries in several requests', async () => {
  expect(await references(`(after: "${referenceOf(999)}")`)).toEqual(some(100, referenceOf, 1000))
  expect(await references(`(first: 3, after: "${referenceOf(0)}")`)).toEqual(some(3, referenceOf, 1))
  expect(await references(`(after: "${referenceOf(BATCHES - 1)}")`)).toEqual([])
  expect(await skus(`(after: "${skuOf(99)}")`)).toEqual(some(20, skuOf, 100))
})

test('live results have the same lists', async () => {
  const product = onhand.subscribe(
    `subscription ($n: Int) { availabilityChanged(skus: ["lamp"]) { batches(first: $n, after: "${referenceOf(5)}") { reference } } }`,
    { n: 2 },
  )
  expect((await product.next()).availabilityChanged.batches).toEqual(
    some(2, referenceOf, 6).map((reference) => ({ reference })),
  )
  await product.end()
})

describe('an argument that is out of bounds fails, and the error names it', () => {
  test.each(['first: 0', 'first: -1', 'first: 1001', 'first: 1000000', 'after: "no-such-thing"'])(
    '%s',
    async (args) => {
      for (const query of [
        `{ product(sku: "lamp") { batches(${args}) { reference } } }`,
        `{ order(id: "large") { lines(${args}) { sku } } }`,
      ]) {
        const { errors } = await onhand.ask(query)
        expect(errors).toMatchObject([
          {
            message: expect.stringContaining(`"${args.split(':', 1)[0]}"`),
            extensions: { code: 'BAD_USER_INPUT' },
          },
        ])
      }
    },
  )
})

test('the largest answers within the limits stay under 2 MB', async () => {
  const fields = 'reference sku eta purchased allocated reserved available version'
  const asked = (count: number) =>
    `{ ${some(count, (at) => `p${at}: product(sku: "lamp") { batches(first: 1000) { ${fields} } }`).join(' ')} }`
  const { data } = await onhand.ask(asked(2))
  expect(JSON.stringify(data).length).toBeLessThan(2_000_000)
  const { status, errors } = await onhand.ask(asked(3))
  expect({ status, errors }).toMatchObject({
    status: 400,
    errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }],
  })
})
