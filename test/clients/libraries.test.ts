/** Unmodified client libraries, without any code of Onhand. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { createGraphQLClient } from '../support/graphql.ts'
import { createBatch } from '../support/operations.ts'
import { startServer } from '../support/server-process.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { until } from '../support/until.ts'
import { apollo } from './libraries/apollo.ts'
import { graphqlWs } from './libraries/graphql-ws.ts'
import type { Library, LibraryClient, Product } from './libraries/library.ts'
import { relay } from './libraries/relay.ts'
import { urql } from './libraries/urql.ts'

const libraries: [string, Library][] = [
  ['graphql-ws', graphqlWs],
  ['Apollo Client', apollo],
  ['urql', urql],
  ['Relay', relay],
]

let database: TestDatabase
let server: ServerProcess

beforeAll(async () => {
  database = await createTestDatabase()
  server = await startServer({ databaseUrl: database.url })
})

afterAll(async () => {
  await server.kill()
  await database.drop()
})

/** @returns once queries show the batch */
async function stock(sku: string): Promise<void> {
  const { gql } = createGraphQLClient(server.url)
  await createBatch({ gql }, { reference: sku, sku, quantity: 100 })
  await gql('query ($sku: ID!) { product(sku: $sku, consistentWith: "latest") { sku } }', { sku })
}

describe.each(libraries)('%s', (name, { connect }) => {
  const [lamp, table] = [`lamp of ${name}`, `table of ${name}`]
  const told: Product[] = []
  const errors: unknown[] = []
  let client: LibraryClient
  let other: LibraryClient

  const of = (sku: string) => told.filter((product) => product.sku === sku)
  const sellElsewhere = (orderId: string) =>
    other.allocate({ orderId: `${name} ${orderId}`, sku: lamp, quantity: 1 })

  beforeAll(async () => {
    for (const sku of [lamp, table]) await stock(sku)
    client = connect(server.url)
    other = connect(server.url)
  })

  afterEach(() => expect(errors).toEqual([]))

  afterAll(async () => {
    await client.close()
    await other.close()
  })

  test('sends queries and commands', async () => {
    expect(await client.product(lamp)).toMatchObject({ sku: lamp, available: 100 })
    const sold = await client.allocate({ orderId: `${name} 1`, sku: lamp, quantity: 3 })
    expect(sold).toMatchObject({ sku: lamp, available: 97 })
    expect(await client.product(lamp)).toEqual(sold)
  })

  test('watches: gets the current state first, then changes by others', async () => {
    await client.product(table)
    client.watch([lamp, table], {
      next: (product) => void told.push(product),
      error: (error) => void errors.push(error),
    })
    await until(() => of(lamp).length === 1 && of(table).length === 1)
    expect(of(lamp)[0]).toMatchObject({ available: 97 })
    await sellElsewhere('2')
    await until(() => of(lamp).at(-1)?.available === 96)
    expect(of(lamp)).toHaveLength(2)
  })

  test('reconnects to a server that was killed and restarted, and ends on the true state', async () => {
    const { port } = new URL(server.url)
    await server.kill('SIGKILL')
    server = await startServer({ databaseUrl: database.url, port: Number(port) })
    const sold = await sellElsewhere('3')
    expect(sold.available).toBe(95)
    await until(() => of(lamp).at(-1)?.available === 95)
    // It is live again.
    await sellElsewhere('4')
    await until(() => of(lamp).at(-1)?.available === 94)
    for (const sku of [lamp, table]) {
      const versions = of(sku).map(({ version }) => Number(version))
      expect(versions).toEqual(versions.toSorted((a, b) => a - b))
    }
  })
})

test.each(libraries.filter(([, { normalizes }]) => normalizes))(
  'components of %s show live results',
  async (name, { connect }) => {
    const sku = `chair of ${name}`
    await stock(sku)
    const [client, other] = [connect(server.url), connect(server.url)]
    await client.product(sku)
    await until(() => client.stored(sku)?.available === 100)
    const errors: unknown[] = []
    client.watch([sku], { next: () => {}, error: (error) => void errors.push(error) })
    const sold = await other.allocate({ orderId: `chairs of ${name}`, sku, quantity: 7 })
    await until(() => client.stored(sku)?.available === 93)
    expect(client.stored(sku)).toMatchObject(sold)
    expect(errors).toEqual([])
    await client.close()
    await other.close()
  },
)
