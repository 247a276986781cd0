/** The log loses its last commits while processes run, and continues with others: the memory of every process ends on the true state. */
import { cp, rm } from 'node:fs/promises'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { migrateDatabase } from '../../src/operations/migrate.ts'
import { cleanUp, open, temporaryDirectory } from '../operations/postgres/helpers.ts'
import { createGraphQLClient } from '../support/graphql.ts'
import type { GraphQLClient } from '../support/graphql.ts'
import { LiveSocket } from '../support/live-socket.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { openProxy } from '../support/proxy.ts'
import type { Proxy } from '../support/proxy.ts'
import { startServer } from '../support/server-process.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { unsoundness } from '../support/soundness.ts'
import { until } from '../support/until.ts'

let proxy: Proxy
let servers: ServerProcess[]
let sockets: LiveSocket[]

beforeEach(() => {
  servers = []
  sockets = []
})

afterEach(async () => {
  for (const socket of sockets) await socket.close()
  for (const server of servers) await server.kill()
  await proxy.close()
  await cleanUp()
})

/** A server, and a client that watches everything there. */
class Witness {
  readonly client: GraphQLClient
  readonly socket: LiveSocket

  static async at({ url }: ServerProcess): Promise<Witness> {
    const socket = await LiveSocket.open(url)
    sockets.push(socket)
    const witness = new Witness(createGraphQLClient(url), socket)
    const state = '{ sku available version }'
    socket.subscribe('lamp', `subscription { availabilityChanged(skus: ["lamp"]) ${state} }`)
    socket.subscribe('ghost', `subscription { availabilityChanged(skus: ["ghost"]) ${state} }`)
    socket.subscribe(
      'order',
      'subscription { allocationChanged(orderId: "lost") { lines { sku quantity } } }',
    )
    socket.subscribe('ledger', 'subscription { stockMoved(after: "0") { position orderId } }')
    return witness
  }

  private constructor(client: GraphQLClient, socket: LiveSocket) {
    this.client = client
    this.socket = socket
  }

  available(id: 'lamp' | 'ghost'): number | undefined {
    return this.socket.results(id).at(-1)?.data.availabilityChanged.available
  }

  get lines(): unknown {
    return this.socket.results('order').at(-1)?.data.allocationChanged.lines
  }

  get orders(): (string | null)[] {
    return this.socket.results('ledger').map(({ data }) => data.stockMoved.orderId)
  }

  /** The code of the error that ended an operation. */
  ended(id: string): string | undefined {
    const end: any = this.socket.messages.find((message) => message.id === id && message.type === 'error')
    return end?.payload[0].extensions.code
  }

  async code(query: string, variables?: object): Promise<string | undefined> {
    return (await this.client.ask(query, variables)).errors?.[0]?.extensions.code
  }
}

/** Retries until the database is available again. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  return until(() => work().catch(() => null))
}

const TOKEN =
  'query ($token: ConsistencyToken) { product(sku: "lamp", consistentWith: $token) { available } }'

describe.each([
  { writer: 'the process that saw the lost commits made', writes: 0 },
  { writer: 'the other process', writes: 1 },
])('after a failover that lost commits', ({ writer, writes }) => {
  test(`${writer} continues to write: all watchers end on the true state, and lost cursors and tokens are rejected`, async () => {
    // A primary, and a standby that has everything except the last commits.
    const directories = [await temporaryDirectory(), await temporaryDirectory()] as const
    let primary = await open(`${directories[0]}/data`)
    await migrateDatabase(primary.url, 1)
    proxy = await openProxy(primary.url)
    const database = new URL(primary.url)
    database.port = new URL(proxy.url).port
    for (const redisUrl of [inject('redisUrl'), null]) {
      const environment = { REDIS_URL: redisUrl ?? '' }
      servers.push(await startServer({ databaseUrl: database.href, environment }))
    }
    const witnesses = await Promise.all(servers.map((server) => Witness.at(server)))
    const [one] = witnesses as [Witness, Witness]
    await createBatch(one.client, { reference: 'b', sku: 'lamp', quantity: 10 })
    await allocate(one.client, { orderId: 'kept', sku: 'lamp', quantity: 1 })
    for (const witness of witnesses) await until(() => witness.available('lamp') === 9)
    const home = primary.dataDir
    await primary.stop()
    const copy = `${home}-standby`
    await cp(home, copy, { recursive: true, preserveTimestamps: true })
    primary = await open(home)
    proxy.leadTo(primary.url)
    proxy.cut()

    // Commits that only the primary has.
    await persistently(() =>
      allocate(one.client, { orderId: 'lost', sku: 'lamp', quantity: 4, commandId: 'c1' }),
    )
    const { token } = await createBatch(one.client, { reference: 'g', sku: 'ghost', quantity: 5 })
    for (const witness of witnesses) {
      const { product } = await persistently(() => witness.client.gql(TOKEN, { token }))
      expect(product).toEqual({ available: 5 })
      await until(() => witness.available('lamp') === 5 && witness.available('ghost') === 5)
      await until(() => witness.orders.length === 4 && (witness.lines as unknown[]).length === 1)
    }

    // Another log replaces it, and continues with other commits.
    proxy.cut()
    await primary.stop()
    const standby = await openCopy(copy)
    proxy.leadTo(standby.url)
    proxy.cut()
    const writing = witnesses[writes] as Witness
    const line = { orderId: 'new', sku: 'lamp', quantity: 7, commandId: 'c2' }
    await persistently(() => allocate(writing.client, line))

    for (const witness of witnesses) {
      await until(() => witness.available('lamp') === 2)
      await until(() => (witness.lines as unknown[]).length === 0)
      expect(await until(() => witness.ended('ghost'))).toBe('LOG_REPLACED')
      expect(await until(() => witness.ended('ledger'))).toBe('LOG_REPLACED')
      expect(await witness.code(TOKEN, { token })).toBe('LOG_REPLACED')
      witness.socket.subscribe('resumed', 'subscription { stockMoved { position } }', {
        extensions: { after: token },
      })
      expect(await until(() => witness.ended('resumed'))).toBe('LOG_REPLACED')
      witness.socket.subscribe('beyond', 'subscription { stockMoved(after: "5") { position } }')
      expect(await until(() => witness.ended('beyond'))).toBe('LOG_REPLACED')
      witness.socket.subscribe('anew', 'subscription { stockMoved(after: "0") { position orderId } }')
      await until(() => witness.socket.results('anew').length === 3)
      const { product } = await witness.client.gql('{ product(sku: "lamp") { available } }')
      expect(product).toEqual({ available: 2 })
    }
    // Nothing is oversold, whichever server sells the rest.
    for (const [at, witness] of witnesses.entries()) {
      const { userErrors } = await allocate(witness.client, {
        orderId: `over-${at}`,
        sku: 'lamp',
        quantity: 3,
      })
      expect(userErrors).toMatchObject([{ code: 'OUT_OF_STOCK' }])
    }
    const last = await allocate((witnesses[1 - writes] as Witness).client, {
      orderId: 'last',
      sku: 'lamp',
      quantity: 2,
    })
    for (const witness of witnesses) {
      await until(() => witness.available('lamp') === 0)
      await until(() => witness.socket.results('anew').length === 4)
      expect((await witness.client.gql(TOKEN, { token: last.token })).product).toEqual({ available: 0 })
      const versions = witness.socket
        .results('lamp')
        .map(
          ({ data, extensions }) => `${extensions?.cursor.split('.')[0]} ${data.availabilityChanged.version}`,
        )
      expect(versions).toEqual([...new Set(versions)])
    }
    expect(await unsoundness(standby.url)).toEqual([])
    // One replacement begins one epoch.
    const [before, ...after] = new Set(
      witnesses.flatMap(({ socket }) =>
        socket.results('lamp').map(({ extensions }) => extensions?.cursor.split('.')[0]),
      ),
    )
    const sql = postgres(standby.url, { max: 1 })
    expect((await sql`select epoch from stock.installation`).map(({ epoch }) => epoch)).toEqual(after)
    expect(after).not.toContain(before)
    await sql.end()
  }, 300_000)
})

/** Removes the files next to the data that refer to the copied server. */
async function openCopy(home: string) {
  await rm(`${home}/postgres/postmaster.pid`, { force: true })
  return open(home)
}
