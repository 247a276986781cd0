/** The streams and the read model on a real Redis Cluster, whose keys are on several masters. */
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import type { RedisCluster } from '../support/redis-cluster.ts'
import { redisProgram } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const SKUS = Array.from({ length: 12 }, (_, at) => `sku-${at}`)
const STREAM = 'change_batch_quantity'

describe.skipIf(redisProgram === undefined)('on a Redis Cluster', () => {
  let cluster: RedisCluster
  let redis: Cluster
  let database: TestDatabase
  let processes: TestOnhand[]

  const start = () => startTestOnhand({ database, config: { redisUrl: cluster.url, redisReadModel: true } })

  beforeAll(async () => {
    cluster = await startRedisCluster()
    const { hostname, port } = new URL(cluster.url)
    redis = new Cluster([{ host: hostname, port: Number(port) }])
    redis.on('error', () => {})
    database = await createTestDatabase()
    processes = [await start(), await start()]
    const [first] = processes as [TestOnhand]
    for (const sku of SKUS) await createBatch(first, { reference: `${sku}-1`, sku, quantity: 100 })
  }, 120_000)

  afterAll(async () => {
    for (const onhand of processes) await onhand.close()
    await database.drop()
    redis.disconnect()
    await cluster.stop()
  })

  test('two processes take messages in order, and record invalid ones', async () => {
    for (let at = 1; at <= 50; at += 1)
      await redis.xadd(STREAM, '*', 'reference', 'sku-0-1', 'quantity', at % 10 === 0 ? 'many' : at)
    await until(async () => (await redis.xlen(`${STREAM}.dead`)) === 5, 60_000)
    const rows = await database.sql`select (data->>'to')::int as quantity from stock.events
      where type = 'BatchQuantityChanged' order by position`
    const expected = Array.from({ length: 50 }, (_, at) => at + 1).filter((at) => at % 10 !== 0)
    expect(rows.map(({ quantity }) => quantity)).toEqual(expected)
    const groups = (await redis.xinfo('GROUPS', STREAM)) as unknown[][]
    expect(groups[0]).toContain('onhand')
  }, 90_000)

  test('a message is taken after a master has been replaced', async () => {
    const [first] = processes as [TestOnhand]
    await redis.xadd(STREAM, '*', 'reference', 'sku-1-1', 'quantity', '40')
    await until(async () => (await quantityOf(database, 'sku-1-1')) === 40)
    await cluster.masters[0]?.kill()
    // Until a replica takes over, the slots of that master cannot be written.
    await eventually(() => redis.xadd(STREAM, '*', 'reference', 'sku-1-1', 'quantity', '30'))
    await until(async () => (await quantityOf(database, 'sku-1-1')) === 30, 60_000)
    await allocate(first, { orderId: 'o', sku: 'sku-1', quantity: 1 })
  }, 180_000)

  test('a rewrite removes keys of missing products on every master', async () => {
    const ghosts = Array.from({ length: 20 }, (_, at) => `onhand:availability:ghost-${at}`)
    for (const key of ghosts) await eventually(() => redis.hset(key, 'partition', '0'))
    await eventually(() => redis.del('onhand:availability'))
    await until(async () => {
      const left = await Promise.all(ghosts.map((key) => redis.exists(key).catch(() => 1)))
      return left.every((exists) => exists === 0)
    }, 60_000)
    for (const sku of SKUS) expect(await redis.hget(`onhand:availability:${sku}`, 'sku')).toBe(sku)
  }, 120_000)
})

/** While a master is replaced, its slots cannot be written. */
const eventually = (write: () => Promise<unknown>): Promise<unknown> => {
  const tried = async () =>
    write().then(
      () => true,
      () => false,
    )
  return until(tried, 60_000)
}

const quantityOf = async (database: TestDatabase, reference: string): Promise<number> =>
  (await database.sql`select quantity from stock.batches where reference = ${reference}`)[0]?.['quantity']
