/** Fifty clients of `onhand/client` whose server is killed while another one continues to sell. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createOnhandClient } from '../../src/client/index.ts'
import type { OnhandClient } from '../../src/client/index.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { createGraphQLClient } from '../support/graphql.ts'
import { createBatch } from '../support/operations.ts'
import { openProxy } from '../support/proxy.ts'
import type { Proxy } from '../support/proxy.ts'
import { startServer } from '../support/server-process.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { startShoppers } from '../support/shoppers.ts'
import { until } from '../support/until.ts'

const SKUS = ['lamp', 'table', 'chair', 'bed']
const STOCK = 100_000
const CLIENTS = 50

interface Movement {
  readonly position: string
  readonly sku: string
  readonly quantity: number
  readonly orderId: string | null
}

interface State {
  readonly sku: string
  readonly available: number
  readonly version: string
}

/** What a client has received. */
class Page {
  readonly movements: Movement[] = []
  readonly states = new Map<string, State[]>(SKUS.map((sku) => [sku, []]))
  readonly connection: string[] = []
  readonly errors: unknown[] = []
  readonly client: OnhandClient

  constructor(url: string) {
    this.client = createOnhandClient({ url: `${url}/graphql`, webSocketImpl: WebSocket })
    const error = (problem: unknown) => void this.errors.push(problem)
    this.client.watch<{ stockMoved: Movement }>(
      'subscription { stockMoved { position sku quantity orderId } }',
      {},
      { next: ({ stockMoved }) => void this.movements.push(stockMoved), error },
    )
    this.client.watch<{ availabilityChanged: State }>(
      'subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { sku available version } }',
      { skus: SKUS },
      {
        next: ({ availabilityChanged: state }) => void this.states.get(state.sku)?.push(state),
        state: ({ state }) => void this.connection.push(state),
        error,
      },
    )
  }

  get isBegun(): boolean {
    return this.movements.length > 0 && SKUS.every((sku) => this.last(sku) !== undefined)
  }

  last(sku: string): State | undefined {
    return this.states.get(sku)?.at(-1)
  }
}

let database: TestDatabase
let servers: ServerProcess[]
let proxy: Proxy
let pages: Page[]

beforeEach(async () => {
  database = await createTestDatabase()
  servers = await Promise.all([1, 2].map(() => startServer({ databaseUrl: database.url })))
  proxy = await openProxy((servers[0] as ServerProcess).url)
  pages = []
})

afterEach(async () => {
  for (const { client } of pages) client.close()
  await proxy.close()
  for (const server of servers) await server.kill()
  await database.drop()
})

test('each client gets every movement once, in order, and ends on the true state', async () => {
  const [first, second] = servers as [ServerProcess, ServerProcess]
  const seller = createGraphQLClient(second.url)
  for (const sku of SKUS) await createBatch(seller, { reference: `b-${sku}`, sku, quantity: STOCK })
  pages = Array.from({ length: CLIENTS }, () => new Page(proxy.url))
  await until(() => pages.every(({ client }) => client.status.state === 'live'))
  let orders = 0
  const shoppers = startShoppers(
    4,
    () => second.url,
    () => {
      orders += 1
      return { orderId: `o${orders}`, sku: SKUS[orders % SKUS.length] as string, quantity: 1 }
    },
  )
  const sellMore = async (more: number) => {
    const before = shoppers.answered.length
    await until(() => shoppers.answered.length > before + more)
  }
  await sellMore(50)
  await until(() => pages.every(({ isBegun }) => isBegun))

  proxy.leadTo(second.url)
  await first.kill('SIGKILL')
  await sellMore(200)
  await until(() => pages.every(({ client }) => client.status.state === 'live'))
  await sellMore(50)
  await shoppers.stop()

  const { products } = await seller.gql(
    `query ($skus: [ID!]!) {
      products(filter: { skus: $skus }, first: 10, consistentWith: "latest") { nodes { sku available version } }
    }`,
    { skus: SKUS },
  )
  const ledger = await database.sql<Movement[]>`
    select position::text, sku, quantity, order_id as "orderId" from views.movements order by movements.position`
  const sold = shoppers.answered.filter(({ token }) => token !== null)
  expect(products.nodes.reduce((sum: number, { available }: State) => sum + available, 0)).toBe(
    STOCK * SKUS.length - sold.length,
  )
  expect(ledger).toHaveLength(SKUS.length + sold.length)
  for (const product of products.nodes as State[]) {
    await until(() => pages.every((page) => page.last(product.sku)?.version === product.version))
    for (const page of pages) expect(page.last(product.sku)).toEqual(product)
  }
  await until(() => pages.every(({ movements }) => movements.at(-1)?.position === ledger.at(-1)?.position))
  for (const { movements, states, connection, errors } of pages) {
    expect(errors).toEqual([])
    expect(connection).toEqual(['reconnecting', 'live', 'reconnecting', 'live'])
    expect(movements).toEqual(ledger.slice(-movements.length))
    for (const told of states.values()) {
      const versions = told.map(({ version }) => Number(version))
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b))
    }
  }
})
