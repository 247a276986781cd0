/** Two servers with a Redis Cluster, one of whose masters dies. */
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { LiveWitness } from '../support/live-witness.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import type { RedisCluster } from '../support/redis-cluster.ts'
import { redisProgram } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const SKUS = Array.from({ length: 40 }, (_, at) => `sku-${at}`)

describe.skipIf(redisProgram === undefined)('over a Redis Cluster of three masters', () => {
  let cluster: RedisCluster
  let writer: TestOnhand
  let reader: TestOnhand
  let witness: LiveWitness
  let redis: Cluster
  let orders = 0

  beforeAll(async () => {
    cluster = await startRedisCluster()
    redis = new Cluster([cluster.url])
    redis.on('error', () => {})
    writer = await startTestOnhand({ config: { redisUrl: cluster.url, redisReadModel: true } })
    reader = await startTestOnhand({
      config: { redisUrl: cluster.url, roles: new Set(['api'] as const) },
      database: writer.database,
    })
    for (const sku of SKUS) await createBatch(writer, { reference: sku, sku, quantity: 100_000 })
    witness = await LiveWitness.watch(reader, SKUS)
  })

  afterAll(async () => {
    redis.disconnect()
    await witness.end()
    await reader.close()
    await writer.close()
    await cluster.stop()
  })

  async function buy(sku: string): Promise<void> {
    orders += 1
    await allocate(writer, { orderId: `o${orders}`, sku, quantity: 1 })
  }

  /** How long each change took to reach a client of the other server, in milliseconds, sorted. */
  async function delays(): Promise<number[]> {
    const taken: number[] = []
    for (const sku of SKUS) {
      const before = witness.received.get(sku)?.length ?? 0
      await buy(sku)
      const bought = performance.now()
      await until(() => (witness.received.get(sku)?.length ?? 0) > before)
      taken.push(performance.now() - bought)
    }
    return taken.toSorted((a, b) => a - b)
  }

  /** Waits until Redis is correct; the servers detect after a while what was lost with a master. */
  async function availabilityIsInRedis(): Promise<void> {
    const { products } = await writer.gql(
      '{ products(filter: { skuStartsWith: "sku-" }, first: 100, consistentWith: "latest") { nodes { sku version available } } }',
    )
    for (const { sku, version, available } of products.nodes)
      await until(async () => {
        const [told, left] = await redis.hmget(`onhand:availability:${sku}`, 'version', 'available')
        return told === version && left === String(available)
      })
  }

  test('availability is stored on every master', availabilityIsInRedis)

  test('changes arrive fast, through every master', async () => {
    await until(async () => {
      const channels = (await cluster.ask('PUBSUB', 'SHARDCHANNELS', '*')) as string[][]
      return channels.every((names) => names.some((name) => name.includes(':rows:')))
    })
    // With polling alone, half of them would take longer.
    await until(async () => ((await delays())[Math.floor(SKUS.length * 0.9)] as number) < 100)
    await witness.agreesWith(writer)
  })

  test('a master dies during a burst: a delay, then the true state; after the failover to its replica, changes arrive fast again', async () => {
    // The replica may have missed any write, so the servers rewrite all products, even unchanged ones.
    await createBatch(writer, { reference: 'still', sku: 'sku-still', quantity: 1 })
    await availabilityIsInRedis()
    await redis.hset('onhand:availability:sku-still', 'available', '0')
    const burst = (async () => {
      for (let time = 0; time < 5; time += 1) for (const sku of SKUS) await buy(sku)
    })()
    await until(() => orders > 80)
    await cluster.masters[1]?.kill()
    await burst
    await witness.agreesWith(writer)
    await until(async () => ((await delays()).at(-1) as number) < 100)
    await witness.agreesWith(writer)
    await availabilityIsInRedis()
  })
})
