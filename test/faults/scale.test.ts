/** Several processes with different roles on one database are killed in turn while a thousand clients watch. */
import { createClient } from 'graphql-ws'
import type { Client } from 'graphql-ws'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { WebSocket } from 'ws'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { createGraphQLClient } from '../support/graphql.ts'
import { createBatch } from '../support/operations.ts'
import { startServer } from '../support/server-process.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { startShoppers } from '../support/shoppers.ts'
import { unsoundness } from '../support/soundness.ts'
import { until } from '../support/until.ts'

const SKUS = ['lamp', 'table', 'chair', 'bed']
const WATCHERS = 1000
const CALLERS = 8
const CONNECTING_AT_ONCE = 50

interface Watcher {
  readonly client: Client
  readonly sku: string
  readonly versions: number[]
  readonly positions: string[]
  available: number
}

let database: TestDatabase
let servers: ServerProcess[]
let watchers: Watcher[]

beforeEach(async () => {
  database = await createTestDatabase()
  servers = []
  watchers = []
})

afterEach(async () => {
  for (const { client } of watchers) await client.dispose()
  for (const server of servers) await server.kill()
  await database.drop()
})

async function start(roles: string, redisUrl: string | null, port?: number): Promise<ServerProcess> {
  const server = await startServer({
    databaseUrl: database.url,
    environment: { ROLES: roles, REDIS_URL: redisUrl ?? '' },
    ...(port !== undefined && { port }),
  })
  servers.push(server)
  return server
}

/** An unmodified client that watches a product. Every tenth client also watches the ledger, and resumes it with the last cursor. */
async function watch(sku: string, ledger: boolean, url: () => string): Promise<void> {
  const client = createClient({
    url: () => `${url().replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 100,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 200)),
    shouldRetry: () => true,
    lazy: true,
  })
  const watcher: Watcher = { client, sku, versions: [], positions: [], available: -1 }
  watchers.push(watcher)
  const fail = (error: unknown) => {
    throw new Error(`A subscription has failed: ${JSON.stringify(error)}`)
  }
  client.subscribe<any>(
    {
      query: 'subscription ($sku: ID!) { availabilityChanged(skus: [$sku]) { available version } }',
      variables: { sku },
    },
    {
      next({ data }) {
        watcher.versions.push(Number(data.availabilityChanged.version))
        watcher.available = data.availabilityChanged.available
      },
      error: fail,
      complete: () => {},
    },
  )
  if (ledger) {
    const payload = {
      query: 'subscription { stockMoved { position } }',
      extensions: { after: '0:0' },
    }
    client.subscribe<any>(payload, {
      next({ data, extensions }) {
        watcher.positions.push(data.stockMoved.position)
        payload.extensions.after = (extensions as { cursor: string }).cursor
      },
      error: fail,
      complete: () => {},
    })
  }
  await until(() => watcher.versions.length > 0)
}

describe.each([{ signals: 'Redis' }, { signals: 'the database alone' }])(
  'two api and two projector processes that get signals from $signals',
  ({ signals }) => {
    test('are killed in turn: every client ends on the true state, with a complete ledger', async (context) => {
      const redisUrl = signals === 'Redis' ? inject('redisUrl') : null
      if (signals === 'Redis') context.skip(redisUrl === null, 'no Redis is to be had')
      const apis = await Promise.all([start('api,sweeper', redisUrl), start('api', redisUrl)])
      const projectors = await Promise.all([start('projector', redisUrl), start('projector', redisUrl)])
      let alive = apis as readonly ServerProcess[]
      let turn = 0
      const anyUrl = () => {
        turn += 1
        return (alive[turn % alive.length] as ServerProcess).url
      }
      for (const sku of SKUS) {
        await createBatch(createGraphQLClient(anyUrl()), { reference: `b-${sku}`, sku, quantity: 100_000 })
      }
      for (let at = 0; at < WATCHERS; at += CONNECTING_AT_ONCE) {
        const next = Array.from({ length: CONNECTING_AT_ONCE }, (_, n) =>
          watch(SKUS[(at + n) % SKUS.length] as string, n % 10 === 0, anyUrl),
        )
        await Promise.all(next)
      }
      let orders = 0
      const shoppers = startShoppers(CALLERS, anyUrl, () => {
        orders += 1
        return { orderId: `o${orders}`, sku: SKUS[orders % SKUS.length] as string, quantity: 1 }
      })
      const sellMore = async (more: number) => {
        const before = shoppers.answered.length
        await until(() => shoppers.answered.length > before + more)
      }
      const replace = async (server: ServerProcess, roles: string) => {
        await server.kill('SIGKILL')
        await sellMore(50)
        return start(roles, redisUrl, Number(new URL(server.url).port))
      }

      await sellMore(50)
      alive = [apis[1]]
      alive = [await replace(apis[0], 'api,sweeper'), apis[1]]
      await replace(projectors[0], 'projector')
      const [first] = alive as [ServerProcess]
      alive = [first]
      alive = [first, await replace(apis[1], 'api')]
      await replace(projectors[1], 'projector')
      await sellMore(50)
      await shoppers.stop()

      const sold = (sku: string) => shoppers.answered.filter(({ purchase }) => purchase.sku === sku).length
      const truth = new Map(SKUS.map((sku) => [sku, 100_000 - sold(sku)]))
      await until(() => watchers.every(({ sku, available }) => available === truth.get(sku)))
      const events = Array.from({ length: shoppers.answered.length + SKUS.length }, (_, at) => String(at + 1))
      const followers = watchers.filter(({ positions }) => positions.length > 0)
      expect(followers).toHaveLength(WATCHERS / 10)
      await until(() => followers.every(({ positions }) => positions.length >= events.length))
      for (const { positions } of followers) expect(positions).toEqual(events)
      for (const { versions } of watchers) expect(versions).toEqual(versions.toSorted((a, b) => a - b))
      expect(await unsoundness(database.url)).toEqual([])
    })
  },
)

test('without Redis, another process also shows what one process commits and projects', async () => {
  const [one, other] = await Promise.all([start('api,projector', null), start('api', null)])
  const seller = createGraphQLClient(one.url)
  await createBatch(seller, { reference: 'b', sku: 'lamp', quantity: 1000 })
  await watch('lamp', false, () => other.url)
  for (let time = 1; time <= 5; time += 1) {
    await seller.gql(
      'mutation ($input: AllocateInput!) { allocate(input: $input) { userErrors { code } } }',
      { input: { orderId: `o${time}`, sku: 'lamp', quantity: 1 } },
    )
    await until(() => watchers[0]?.available === 1000 - time)
  }
})
