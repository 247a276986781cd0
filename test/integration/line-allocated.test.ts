/** The stream of allocations for other systems: where it begins, and that it is complete. */
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import type { Config } from '../../src/config.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { createTestLog } from '../support/log.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { redisProgram, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

describe.skipIf(redisProgram === undefined).each([1, 3])('with %i partitions', (partitions) => {
  let server: RedisServer
  let redis: Redis
  let database: TestDatabase
  let onhand: TestOnhand
  const orders = () => ordersIn(redis)

  /** @param config with `redisUrl` null, the stream is switched off */
  const start = async (config: Partial<Config> = {}, logger = createTestLog().logger) => {
    onhand = await startTestOnhand({
      database,
      logger,
      config: { redisUrl: server.url, partitions, roles: new Set(['api', 'projector']), ...config },
    })
  }

  async function restart(config: Partial<Config> = {}, logger = createTestLog().logger): Promise<void> {
    await onhand.close()
    await start(config, logger)
  }

  /** Allocates one unit of each product, whatever its partition. */
  async function order(id: string): Promise<void> {
    for (const sku of SKUS) await allocate(onhand, { orderId: `${id}-${sku}`, sku, quantity: 1 })
  }

  beforeEach(async () => {
    server = await startRedis()
    redis = new Redis(server.url)
    redis.on('error', () => {})
    database = await createTestDatabase(partitions)
    await start({ redisUrl: null })
    for (const sku of SKUS) await createBatch(onhand, { reference: `${sku}-1`, sku, quantity: 100 })
    await order('before')
  })

  afterEach(async () => {
    await onhand.close()
    await database.drop()
    redis.disconnect()
    await server.stop()
  })

  test('when it is first switched on, it begins with the next allocation', async () => {
    await restart()
    await order('after')
    await until(async () => (await orders()).length === SKUS.length)
    expect(await orders()).toEqual(ofAll('after'))
  })

  test('with LINE_ALLOCATED_FROM=start, it begins at the start of the log, only the first time', async () => {
    await restart({ lineAllocatedFrom: 'start' })
    await until(async () => (await orders()).length === SKUS.length)
    expect(await orders()).toEqual(ofAll('before'))
    await restart({ lineAllocatedFrom: 'start' })
    await order('after')
    await until(async () => (await orders()).length === 2 * SKUS.length)
    expect(await orders()).toEqual([...ofAll('before'), ...ofAll('after')].toSorted())
  })

  test('after it was switched off, it continues without a gap', async () => {
    await restart()
    await order('first')
    await until(async () => (await orders()).length === SKUS.length)
    await restart({ redisUrl: null })
    await order('meanwhile')
    await restart()
    await until(async () => (await orders()).length === 2 * SKUS.length)
    expect(await orders()).toEqual([...ofAll('first'), ...ofAll('meanwhile')].toSorted())
  })

  test('if its checkpoint is ahead of the log, it logs a warning and continues from the end', async () => {
    await restart()
    await order('first')
    await until(async () => (await orders()).length === SKUS.length)
    await onhand.close()
    await database.sql`insert into views.checkpoint_positions values (0, 'line_allocated', 4000, 7)`
    const log = createTestLog()
    await start({}, log.logger)
    expect(
      log.lines.find(({ msg }) => msg.startsWith('the log lacks the checkpoint of line_allocated')),
    ).toMatchObject({
      partition: 0,
      position: '4000',
    })
    await order('after')
    await until(async () => (await orders()).length === 2 * SKUS.length)
    expect(await orders()).toEqual([...ofAll('first'), ...ofAll('after')].toSorted())
  })
})

const SKUS = ['lamp', 'chair', 'table', 'shelf']

const ofAll = (id: string) => SKUS.map((sku) => `${id}-${sku}`).toSorted()

async function ordersIn(redis: Pick<Redis, 'xrange'>): Promise<string[]> {
  const entries = await redis.xrange('line_allocated', '-', '+')
  return entries.map(([, fields]) => fields[fields.indexOf('orderId') + 1] as string).toSorted()
}

test('LINE_ALLOCATED_FROM is now or start', () => {
  expect(readConfig({}).lineAllocatedFrom).toBe('now')
  expect(readConfig({ LINE_ALLOCATED_FROM: 'start' }).lineAllocatedFrom).toBe('start')
  expect(() => readConfig({ LINE_ALLOCATED_FROM: 'then' })).toThrow(
    'LINE_ALLOCATED_FROM=then: must be now or start',
  )
})
