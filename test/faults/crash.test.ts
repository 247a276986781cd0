/** Real processes are killed under load. Acknowledged commands are in the log once, rejected ones are not, and nothing needs repair. */
import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { createGraphQLClient } from '../support/graphql.ts'
import { createBatch } from '../support/operations.ts'
import { startServer } from '../support/server-process.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { startShoppers } from '../support/shoppers.ts'
import type { Purchase, Shoppers } from '../support/shoppers.ts'
import { unsoundness } from '../support/soundness.ts'
import { until } from '../support/until.ts'

const SKUS = ['lamp', 'table', 'chair']
const CALLERS = 24

let servers: ServerProcess[]
let orders: number

beforeEach(() => {
  servers = []
  orders = 0
})

afterEach(async () => {
  for (const server of servers) await server.kill()
})

async function start(...options: Parameters<typeof startServer>): Promise<ServerProcess> {
  const server = await startServer(...options)
  servers.push(server)
  return server
}

function nextPurchase(): Purchase {
  orders += 1
  return { orderId: `order-${orders}`, sku: SKUS[orders % SKUS.length] as string, quantity: 1 }
}

/** Enough not to be sold out. */
async function stockUp(url: string): Promise<void> {
  const client = createGraphQLClient(url)
  for (const sku of SKUS) await createBatch(client, { reference: `batch-${sku}`, sku, quantity: 1_000_000 })
}

/** Once they have caught up, the projections show every acknowledged purchase, and no other. */
async function expectAllThere(url: string, { answered }: Shoppers): Promise<void> {
  const { gql } = createGraphQLClient(url)
  await until(async () => {
    const { projections } = await gql('{ projections { name lag } }')
    return projections.every(({ lag }: { lag: number }) => lag === 0)
  })
  expect(answered.filter(({ token }) => token === null)).toEqual([])
  for (const sku of SKUS) {
    const sold = answered.filter(({ purchase }) => purchase.sku === sku).length
    const { product } = await gql('query ($sku: ID!) { product(sku: $sku) { allocated available } }', { sku })
    expect(product).toEqual({ allocated: sold, available: 1_000_000 - sold })
  }
  for (const { purchase } of answered.filter((_, at) => at % 50 === 0)) {
    const { order } = await gql('query ($id: ID!) { order(id: $id) { lines { sku quantity status } } }', {
      id: purchase.orderId,
    })
    expect(order.lines).toEqual([{ sku: purchase.sku, quantity: 1, status: 'ALLOCATED' }])
  }
}

describe('the server is killed', () => {
  let database: TestDatabase

  beforeEach(async () => {
    database = await createTestDatabase()
  })

  afterEach(() => database.drop())

  test('repeatedly under load', async () => {
    let server = await start({ databaseUrl: database.url })
    const port = Number(new URL(server.url).port)
    await stockUp(server.url)
    const shoppers = startShoppers(CALLERS, () => server.url, nextPurchase)
    for (let time = 1; time <= 3; time += 1) {
      await until(() => shoppers.answered.length > time * 400)
      await server.kill('SIGKILL')
      server = await start({ databaseUrl: database.url, port })
    }
    await until(() => shoppers.answered.length > 2000)
    await shoppers.stop()
    expect(shoppers.faults.get('no answer')).toBeGreaterThan(0)
    await expectAllThere(server.url, shoppers)
    expect(await unsoundness(database.url)).toEqual([])
  })

  test('between commit and projection: the next server catches up', async () => {
    const writer = await start({ databaseUrl: database.url, environment: { ROLES: 'api' } })
    await stockUp(writer.url)
    const shoppers = startShoppers(CALLERS, () => writer.url, nextPurchase)
    await until(() => shoppers.answered.length > 500)
    await shoppers.stop()
    await writer.kill('SIGKILL')
    const [{ position }] =
      (await database.sql`select max(position) as position from views.checkpoint_positions`) as any
    expect(Number(position)).toBe(0)
    const server = await start({ databaseUrl: database.url })
    await expectAllThere(server.url, shoppers)
    expect(await unsoundness(database.url)).toEqual([])
  })

  test('with SIGTERM: it answers requests in progress, and ends', async () => {
    const server = await start({ databaseUrl: database.url })
    await stockUp(server.url)
    let url = server.url
    const shoppers = startShoppers(CALLERS, () => url, nextPurchase)
    await until(() => shoppers.answered.length > 200)
    const next = await start({ databaseUrl: database.url })
    const ended = server.kill('SIGTERM')
    url = next.url
    expect(await ended).toEqual({ code: 0, signal: null })
    await shoppers.stop()
    await expectAllThere(next.url, shoppers)
    expect(await unsoundness(database.url)).toEqual([])
  })
})

test('Postgres is killed under load: clients get retryable errors, and Postgres restarts', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'onhand-crash-'))
  await chmod(directory, 0o755)
  try {
    const server = await start({ databaseUrl: null, environment: { DATA_DIR: directory } })
    await stockUp(server.url)
    const shoppers = startShoppers(CALLERS, () => server.url, nextPurchase)
    for (let time = 1; time <= 2; time += 1) {
      await until(() => shoppers.answered.length > time * 300)
      await killPostgres(server.pid)
      const before = shoppers.answered.length
      await until(() => shoppers.answered.length > before + 200)
    }
    await shoppers.stop()
    expect([...shoppers.faults.keys()].toSorted()).toEqual(expect.arrayContaining(['SERVICE_UNAVAILABLE']))
    expect([...shoppers.faults.keys()]).not.toContain('INTERNAL_SERVER_ERROR')
    await expectAllThere(server.url, shoppers)
    await server.kill('SIGTERM')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

/** Finds the postmaster of the server: the process that is the parent of Postgres's other processes. */
async function killPostgres(serverPid: number): Promise<void> {
  const pids = execFileSync('ps', ['-eo', 'pid=,ppid=,args=']).toString().split('\n')
  const processes = pids.flatMap((line) => {
    const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), args: args as string }]
  })
  const familyOf = (pid: number): number[] => [
    pid,
    ...processes.filter(({ parent }) => parent === pid).flatMap((child) => familyOf(child.pid)),
  ]
  const family = new Set(familyOf(serverPid))
  const postmaster = processes.find(({ pid, args }) => family.has(pid) && /\/postgres -D /.test(args))
  if (postmaster === undefined) throw new Error('No postmaster was found.')
  process.kill(postmaster.pid, 'SIGKILL')
  await until(() =>
    readFile(`/proc/${postmaster.pid}/stat`).then(
      () => false,
      () => true,
    ),
  )
}
