/** `stockMoved`: every movement exactly once and in order, wherever a client begins. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LiveSocket } from '../support/live-socket.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

const ALL = 'subscription ($after: String) { stockMoved(after: $after) { position sku } }'

describe.each([{ partitions: 1 }, { partitions: 3 }])('with $partitions partitions', ({ partitions }) => {
  let onhand: TestOnhand
  let sockets: LiveSocket[]
  let orders = 0

  beforeAll(async () => {
    onhand = await startTestOnhand({ config: { partitions } })
    for (let product = 0; product < 8; product += 1) {
      await createBatch(onhand, { reference: `b${product}`, sku: `s${product}`, quantity: 1_000_000 })
    }
  })

  afterAll(() => onhand.close())

  beforeEach(() => {
    sockets = []
  })

  afterEach(async () => {
    for (const socket of sockets) await socket.close()
  })

  async function connect(): Promise<LiveSocket> {
    const socket = await LiveSocket.open(onhand.url)
    sockets.push(socket)
    return socket
  }

  /** Order lines for all products, many at a time. */
  async function buy(lines: number): Promise<void> {
    const target = orders + lines
    const callers = Array.from({ length: 32 }, async () => {
      while (orders < target) {
        orders += 1
        await allocate(onhand, { orderId: `o${orders}`, sku: `s${orders % 8}`, quantity: 1 })
      }
    })
    await Promise.all(callers)
  }

  /** The ledger of each product from the log, as a client reads it. */
  async function ledger(): Promise<string[]> {
    const movements: string[] = []
    for (let product = 0; product < 8; product += 1) {
      const sku = `s${product}`
      let after: string | null = null
      do {
        const { stockMovements }: Record<string, any> = await onhand.gql(
          `query ($sku: ID!, $after: String) { stockMovements(sku: $sku, first: 100, after: $after, consistentWith: "latest") {
            nodes { position sku } pageInfo { hasNextPage endCursor } } }`,
          { sku, after },
        )
        movements.push(...stockMovements.nodes.map(identify))
        after = stockMovements.pageInfo.hasNextPage ? stockMovements.pageInfo.endCursor : null
      } while (after !== null)
    }
    return movements
  }

  const identify = ({ sku, position }: { sku: string; position: string }) => `${sku} ${position}`
  const seen = (socket: LiveSocket, id = 'a') =>
    socket.results(id).map(({ data }) => identify(data.stockMoved))

  /** The positions of each product rise. */
  function expectInOrder(movements: readonly string[]): void {
    const last = new Map<string, bigint>()
    for (const movement of movements) {
      const [sku = '', position = ''] = movement.split(' ')
      expect(BigInt(position)).toBeGreaterThan(last.get(sku) ?? 0n)
      last.set(sku, BigInt(position))
    }
  }

  const start = Array.from({ length: partitions }, (_, partition) => `${partition}:0`).join(',')

  test('from the beginning: every client receives all movements once and in order, while more are written', async () => {
    await buy(1500)
    const clients = await Promise.all(Array.from({ length: 4 }, connect))
    const buying = buy(1500)
    for (const client of clients) client.subscribe('a', ALL, { variables: { after: start } })
    await buying
    const expected = await ledger()
    for (const client of clients) {
      await until(() => seen(client).length >= expected.length)
      expectInOrder(seen(client))
      expect(seen(client).toSorted()).toEqual(expected.toSorted())
    }
  })

  test('a client that is disconnected again and again resumes by extensions.cursor', async () => {
    const buying = buy(2000)
    const movements: string[] = []
    let after = start
    const still = { buying: true }
    void buying.then(() => (still.buying = false))
    while (still.buying) {
      const client = await connect()
      client.subscribe('a', ALL, { extensions: { after } })
      await until(() => client.results('a').length > 20 || !still.buying)
      await client.close()
      movements.push(...seen(client))
      after = client.results('a').at(-1)?.extensions?.cursor ?? after
    }
    const client = await connect()
    client.subscribe('a', ALL, { extensions: { after } })
    const expected = await ledger()
    await until(() => movements.length + seen(client).length >= expected.length)
    movements.push(...seen(client))
    expectInOrder(movements)
    expect(movements.toSorted()).toEqual(expected.toSorted())
  })

  test('from a position: a client of one product receives only its movements', async () => {
    await buy(100)
    const expected = (await ledger()).filter((movement) => movement.startsWith('s3 '))
    const client = await connect()
    const [, position] = (expected[9] as string).split(' ')
    client.subscribe(
      'a',
      'subscription ($after: String) { stockMoved(sku: "s3", after: $after) { position sku } }',
      {
        variables: { after: position },
      },
    )
    await until(() => seen(client).length >= expected.length - 10)
    expect(seen(client)).toEqual(expected.slice(10))
    await buy(16)
    await until(() => seen(client).length >= expected.length - 8)
    expect(seen(client)).toEqual((await ledger()).filter((movement) => movement.startsWith('s3 ')).slice(10))
  })

  test('without `after`: a client receives movements from now on', async () => {
    const client = await connect()
    client.subscribe('a', ALL)
    client.subscribe('b', 'subscription { projectionProgressed { name } }')
    await until(() => client.results('b').length > 0)
    const before = await ledger()
    await buy(50)
    const expected = (await ledger()).filter((movement) => !before.includes(movement))
    await until(() => seen(client).length >= 50)
    expect(seen(client).toSorted()).toEqual(expected.toSorted())
  })
})
