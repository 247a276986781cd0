/** Two servers on one database, of which only one projects, with a Redis that fails. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { LiveWitness } from '../support/live-witness.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { redisProgram, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const SKUS = Array.from({ length: 20 }, (_, at) => `sku-${at}`)

let writer: TestOnhand
let reader: TestOnhand
let orders = 0

async function startBoth(redisUrl: string | null): Promise<void> {
  writer = await startTestOnhand({ config: { redisUrl } })
  reader = await startTestOnhand({
    config: { redisUrl, roles: new Set(['api'] as const) },
    database: writer.database,
  })
  for (const sku of SKUS) await createBatch(writer, { reference: sku, sku, quantity: 100_000 })
}

async function stopBoth(): Promise<void> {
  await reader.close()
  await writer.close()
}

async function buy(sku: string): Promise<void> {
  orders += 1
  await allocate(writer, { orderId: `o${orders}`, sku, quantity: 1 })
}

const buySome = async (count: number) => {
  for (let at = 0; at < count; at += 1) await buy(SKUS[at % SKUS.length] as string)
}

/** How long a change takes to reach a client of the other server, in milliseconds. */
async function delay(witness: LiveWitness, sku: string): Promise<number> {
  const before = witness.received.get(sku)?.length ?? 0
  await buy(sku)
  const bought = performance.now()
  await until(() => (witness.received.get(sku)?.length ?? 0) > before)
  return performance.now() - bought
}

describe.skipIf(redisProgram === undefined)('with Redis', () => {
  let server: RedisServer
  let witness: LiveWitness

  beforeAll(async () => {
    server = await startRedis()
    await startBoth(server.url)
  })

  afterAll(async () => {
    await stopBoth()
    await server.stop()
  })

  beforeEach(async () => {
    witness = await LiveWitness.watch(reader, SKUS)
  })

  afterEach(() => witness.end())

  test('a change through one server reaches clients of the other, faster than by polling', async () => {
    const delays: number[] = []
    for (let time = 0; time < 20; time += 1) delays.push(await delay(witness, 'sku-3'))
    expect(delays.toSorted((a, b) => a - b)[10]).toBeLessThan(100)
    await witness.agreesWith(writer)
  })

  test.each([
    ['hangs', async () => server.pause(), async () => server.resume()],
    ['is killed', () => server.kill(), async () => void (server = await startRedis(server.port))],
  ])('Redis %s during a burst: a delay, then the true state', async (_, fail, recover) => {
    const burst = buySome(300)
    await until(() => witness.positions.length > 50)
    await fail()
    await burst
    await witness.agreesWith(writer)
    const again = buySome(300)
    await recover()
    await again
    await witness.agreesWith(writer)
    // Later changes are as fast as before.
    await until(async () => (await delay(witness, 'sku-5')) < 50)
  })

  test('if both servers project, clients receive the changes of both', async () => {
    const third = await startTestOnhand({ config: { redisUrl: server.url }, database: writer.database })
    const watching = [await LiveWitness.watch(third, SKUS), await LiveWitness.watch(writer, SKUS)]
    await buySome(100)
    for (const each of [...watching, witness]) await each.agreesWith(third)
    for (const each of watching) await each.end()
    await third.close()
  })

  test('a server that starts while Redis is down uses it as soon as it is up', async () => {
    await server.kill()
    const third = await startTestOnhand({
      config: { redisUrl: server.url, roles: new Set(['api'] as const) },
      database: writer.database,
    })
    const watching = await LiveWitness.watch(third, SKUS)
    await buySome(20)
    await watching.agreesWith(writer)
    server = await startRedis(server.port)
    await until(async () => (await delay(watching, 'sku-7')) < 50)
    await watching.agreesWith(writer)
    await third.close()
  })
})

describe('without Redis', () => {
  beforeAll(() => startBoth(null))
  afterAll(stopBoth)

  test('the other server finds changes by polling', async () => {
    const witness = await LiveWitness.watch(reader, SKUS)
    for (let time = 0; time < 5; time += 1) expect(await delay(witness, 'sku-3')).toBeLessThan(10_000)
    await buySome(100)
    await witness.agreesWith(writer)
    await witness.end()
  })
})
