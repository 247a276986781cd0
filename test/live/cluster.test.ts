/** Two servers with a Redis Cluster between them, one of whose masters dies. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
  let orders = 0

  beforeAll(async () => {
    cluster = await startRedisCluster()
    writer = await startTestOnhand({ config: { redisUrl: cluster.url } })
    reader = await startTestOnhand({
      config: { redisUrl: cluster.url, roles: new Set(['api'] as const) },
      database: writer.database,
    })
    for (const sku of SKUS) await createBatch(writer, { reference: sku, sku, quantity: 100_000 })
    witness = await LiveWitness.watch(reader, SKUS)
  })

  afterAll(async () => {
    await witness.end()
    await reader.close()
    await writer.close()
    await cluster.stop()
  })

  async function buy(sku: string): Promise<void> {
    orders += 1
    await allocate(writer, { orderId: `o${orders}`, sku, quantity: 1 })
  }

  /** How long each change took to be seen through the other server, in milliseconds, sorted. */
  async function delays(): Promise<number[]> {
    const taken: number[] = []
    for (const sku of SKUS) {
      const before = witness.told.get(sku)?.length ?? 0
      await buy(sku)
      const bought = performance.now()
      await until(() => (witness.told.get(sku)?.length ?? 0) > before)
      taken.push(performance.now() - bought)
    }
    return taken.toSorted((a, b) => a - b)
  }

  test('changes come fast, through every master', async () => {
    await until(async () => {
      const channels = (await cluster.ask('PUBSUB', 'SHARDCHANNELS', '*')) as string[][]
      return channels.every((names) => names.some((name) => name.includes(':rows:')))
    })
    const taken = await delays()
    expect(taken[Math.floor(taken.length * 0.9)]).toBeLessThan(100)
    await witness.agreesWith(writer)
  })

  test('a master dies amid a burst: a delay, then the true state; with its replica in its place, fast again', async () => {
    const burst = (async () => {
      for (let time = 0; time < 5; time += 1) for (const sku of SKUS) await buy(sku)
    })()
    await until(() => orders > 80)
    await cluster.masters[1]?.kill()
    await burst
    await witness.agreesWith(writer)
    await until(async () => ((await delays()).at(-1) as number) < 100)
    await witness.agreesWith(writer)
  })
})
