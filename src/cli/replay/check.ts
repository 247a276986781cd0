/** Compares the expected state of all products and orders with the projections. */
import { inParallel } from '../caller.ts'
import type { Call } from '../caller.ts'
import type { Played } from './play.ts'
import type { ExpectedStock } from './expected-stock.ts'

interface ProductState {
  readonly sku: string
  readonly version: string
  readonly onHand: number
  readonly allocated: number
  readonly available: number
}

interface OrderState {
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly status: string }[]
}

const PRODUCTS_AT_ONCE = 100
/** Orders per query. With LINES_AT_ONCE lines each, they nearly reach the limit on values in one answer. */
const ORDERS_AT_ONCE = 6
const LINES_AT_ONCE = 1000
const REQUESTS_AT_ONCE = 8

const PRODUCTS = `query ($skus: [ID!]!, $token: ConsistencyToken!) {
  products(filter: { skus: $skus }, first: ${PRODUCTS_AT_ONCE}, consistentWith: $token) {
    nodes { sku version onHand allocated available }
  }
}`

const LINES = `query ($id: ID!, $after: ID!, $token: ConsistencyToken!) {
  order(id: $id, consistentWith: $token) { lines(first: ${LINES_AT_ONCE}, after: $after) { sku quantity status } }
}`

export interface Checked {
  /** Descriptions of what differs from the expected state. */
  readonly differences: readonly string[]
  /** Products that another client has changed since, so that their expected state is unknown. */
  readonly changedSince: ReadonlySet<string>
}

/** @param limited whether orders may have lines of products that were not played */
export async function checkProjections(
  { expectedStock, leftAt, token }: Pick<Played, 'expectedStock' | 'leftAt' | 'token'>,
  limited: boolean,
  call: Call,
): Promise<Checked> {
  const differences: string[] = []
  const changedSince = new Set<string>()

  async function checkProducts(skus: readonly string[]): Promise<void> {
    const { products } = await call<{ products: { nodes: ProductState[] } }>(PRODUCTS, { skus, token })
    const found = new Map(products.nodes.map(({ sku, version, ...state }) => [sku, { version, state }]))
    for (const sku of skus) {
      const { quantity, allocated } = expectedStock.get(sku) as ExpectedStock
      if (BigInt(found.get(sku)?.version ?? 0) > (leftAt.get(sku) ?? 0n)) {
        changedSince.add(sku)
        continue
      }
      compare(`product ${sku}`, found.get(sku)?.state, {
        onHand: quantity,
        allocated,
        available: quantity - allocated,
      })
    }
  }

  async function checkOrders(ids: readonly string[]): Promise<void> {
    const names = ids.map((_, at) => `$id${at}: ID!`).join(', ')
    const fields = ids.map(
      (_, at) =>
        `o${at}: order(id: $id${at}, consistentWith: $token) { lines(first: ${LINES_AT_ONCE}) { sku quantity status } }`,
    )
    const query = `query ($token: ConsistencyToken!, ${names}) { ${fields.join(' ')} }`
    const variables = Object.fromEntries(ids.map((id, at) => [`id${at}`, id]))
    const found = await call<Record<string, OrderState | null>>(query, { token, ...variables })
    for (const [at, id] of ids.entries()) {
      // An order without lines does not exist.
      const lines = await allLines(id, found[`o${at}`]?.lines ?? [])
      compare(`order ${id}`, inOrder(lines.filter(isKnown)), inOrder((orders.get(id) ?? []).filter(isKnown)))
    }
  }

  async function allLines(id: string, first: readonly Line[]): Promise<readonly Line[]> {
    const lines = [...first]
    for (let page: readonly Line[] = first; page.length === LINES_AT_ONCE; lines.push(...page)) {
      const { order } = await call<{ order: OrderState }>(LINES, { id, after: lines.at(-1)?.sku, token })
      page = order.lines
    }
    return lines
  }

  const isKnown = ({ sku }: Line) => !changedSince.has(sku) && (!limited || expectedStock.has(sku))

  function compare(what: string, found: unknown, expected: unknown): void {
    const [is, should] = [JSON.stringify(found), JSON.stringify(expected)]
    if (is !== should) differences.push(`${what} is ${is}, expected ${should}`)
  }

  const orders = ordersOn(expectedStock)
  const products = chunks([...expectedStock.keys()], PRODUCTS_AT_ONCE).map(
    (skus) => () => checkProducts(skus),
  )
  await inParallel(REQUESTS_AT_ONCE, () => products.pop())
  const lines = chunks([...orders.keys()], ORDERS_AT_ONCE).map((ids) => () => checkOrders(ids))
  await inParallel(REQUESTS_AT_ONCE, () => lines.pop())
  return { differences, changedSince }
}

type Line = OrderState['lines'][number]

function ordersOn(expectedStock: ReadonlyMap<string, ExpectedStock>): Map<string, Line[]> {
  const orders = new Map<string, Line[]>()
  for (const [sku, { lines }] of expectedStock) {
    for (const { orderId, quantity, allocated } of lines) {
      const order = orders.get(orderId) ?? []
      order.push({ sku, quantity, status: allocated ? 'ALLOCATED' : 'BACKORDERED' })
      orders.set(orderId, order)
    }
  }
  return orders
}

const inOrder = (lines: readonly Line[]): Line[] =>
  lines
    .map(({ sku, quantity, status }) => ({ sku, quantity, status }))
    .toSorted((a, b) => (a.sku < b.sku ? -1 : 1))

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  )
}
