/** Availability as other systems read it: from Postgres, and from Redis, which may lose it. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { RedisAvailability } from '../../src/integration/redis-availability.ts'
import { restoreReadModel } from '../../src/integration/read-model.ts'
import { openPool, openSession } from '../../src/lib/postgres.ts'
import type { Pool } from '../../src/lib/postgres.ts'
import { forMaintenance, forQueries } from '../../src/operations/connections.ts'
import type { AvailabilityRow } from '../../src/projection/availability.ts'
import { createReads } from '../../src/projection/read-side.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, changeBatchQuantity, createBatch, deallocate } from '../support/operations.ts'
import { redisProgram, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const SKUS = Array.from({ length: 30 }, (_, at) => `sku-${at}`)

describe.skipIf(redisProgram === undefined)('availability in Redis', () => {
  let server: RedisServer
  let database: TestDatabase
  let onhand: TestOnhand
  let pool: Pool
  let redis: Redis
  let inRedis: RedisAvailability
  let orders = 0

  const start = () => startTestOnhand({ database, config: { redisUrl: server.url, redisReadModel: true } })
  const fromPostgres = (skus: readonly string[]) => createReads(pool.db, 1).availability.many(skus)
  const fromRedis = (skus: readonly string[]) => inRedis.load(skus)
  const bySku = (rows: readonly AvailabilityRow[]) => new Map(rows.map((row) => [row.sku, row]))

  async function buy(sku: string): Promise<void> {
    orders += 1
    await allocate(onhand, { orderId: `o${orders}`, sku, quantity: 1 })
  }

  async function caughtUp(): Promise<void> {
    await until(async () => {
      const { projections } = await onhand.gql('{ projections { name lag } }')
      return projections.every(({ lag }: { lag: number }) => lag === 0)
    })
  }

  /** Waits for it; what is lost while nothing happens is found out after a while. */
  async function redisSaysWhatPostgresSays(): Promise<void> {
    await caughtUp()
    const truth = bySku(await fromPostgres(SKUS))
    await until(async () => bySku(await fromRedis(SKUS).catch(() => [])).size === truth.size)
    expect(bySku(await fromRedis(SKUS))).toEqual(truth)
  }

  beforeAll(async () => {
    server = await startRedis()
    database = await createTestDatabase()
    onhand = await start()
    pool = openPool(forQueries(database.url), 2)
    redis = new Redis(server.url)
    redis.on('error', () => {})
    const [{ id }] = (await database.sql`select id from stock.installation`) as unknown as [{ id: string }]
    inRedis = new RedisAvailability(() => redis, id)
    for (const sku of SKUS) await createBatch(onhand, { reference: `${sku}-1`, sku, quantity: 10_000 })
  })

  afterAll(async () => {
    redis.disconnect()
    await pool.close()
    await onhand.close()
    await database.drop()
    await server.stop()
  })

  describe.each([
    ['Postgres', (skus: readonly string[]) => fromPostgres(skus)],
    ['Redis', (skus: readonly string[]) => fromRedis(skus)],
  ])('read from %s', (name, read) => {
    const sku = `lamp-${name}`
    const state = async () => {
      await caughtUp()
      const [row] = await read([sku])
      return row
    }

    test('a product that does not exist is not there', async () => {
      expect(await read([`nothing-${name}`])).toEqual([])
    })

    test('a product is what its batches, allocations and their ends make it', async () => {
      await createBatch(onhand, { reference: `${sku}-a`, sku, quantity: 10 })
      await createBatch(onhand, { reference: `${sku}-b`, sku, quantity: 20, eta: '2030-01-02' })
      expect(await state()).toMatchObject({
        sku,
        partition: 0,
        status: 'IN_STOCK',
        onHand: 10,
        allocated: 0,
        reserved: 0,
        available: 10,
        incoming: 20,
      })
      await allocate(onhand, { orderId: `${sku}-1`, sku, quantity: 8 })
      await allocate(onhand, { orderId: `${sku}-2`, sku, quantity: 5 })
      expect(await state()).toMatchObject({ status: 'LOW_STOCK', allocated: 13, available: 2 })
      await changeBatchQuantity(onhand, { reference: `${sku}-a`, quantity: 0 })
      expect(await state()).toMatchObject({ status: 'INCOMING', onHand: 0, available: 0, allocated: 13 })
      await deallocate(onhand, { orderId: `${sku}-2`, sku })
      const last = await state()
      expect(last).toMatchObject({ allocated: 8, incoming: 20 })
      expect(last?.batches.map(({ reference, available }) => [reference, available])).toEqual([
        [`${sku}-a`, 0],
        [`${sku}-b`, 12],
      ])
      expect(last?.position).toBe((await fromPostgres([sku]))[0]?.position)
    })
  })

  test('another system reads a product in one call', async () => {
    await createBatch(onhand, { reference: 'chair-a', sku: 'chair {π}', quantity: 3 })
    await createBatch(onhand, { reference: 'chair-b', sku: 'chair {π}', quantity: 4, eta: '2030-01-02' })
    await caughtUp()
    const { version, updatedAt, availableToPromise, ...fields } = await redis.hgetall(
      'onhand:availability:chair {π}',
    )
    expect(fields).toMatchObject({
      sku: 'chair {π}',
      status: 'LOW_STOCK',
      onHand: '3',
      allocated: '0',
      reserved: '0',
      available: '3',
      incoming: '4',
    })
    expect(JSON.parse(availableToPromise ?? '')).toEqual([
      { date: null, quantity: 3, cumulative: 3 },
      { date: '2030-01-02', quantity: 4, cumulative: 7 },
    ])
    const { product } = await onhand.gql('{ product(sku: "chair {π}") { version updatedAt } }')
    expect(version).toBe(product.version)
    expect(new Date(updatedAt as string)).toEqual(new Date(product.updatedAt))
  })

  test('it is one of the projections', async () => {
    const { projections } = await onhand.gql('{ projections { name status } }')
    expect(projections).toContainEqual({ name: 'availability_redis', status: 'LIVE' })
  })

  test('emptied while nothing happens, it is written anew', async () => {
    await redis.flushall()
    await redisSaysWhatPostgresSays()
  })

  test.each([
    ['emptied', async () => void (await redis.flushall())],
    [
      'killed and empty again',
      async () => {
        await server.kill()
        server = await startRedis(server.port)
      },
    ],
  ])('%s amid changes, it comes to the same, and no version goes back', async (_, lose) => {
    const versions: bigint[] = []
    const watching = new AbortController()
    const watch = async () => {
      while (!watching.signal.aborted) {
        const version = await redis.hget('onhand:availability:sku-0', 'version').catch(() => null)
        if (version !== null) versions.push(BigInt(version))
      }
    }
    const watched = watch()
    // Of some products; the others are to be restored without being changed.
    const burst = (async () => {
      for (let at = 0; at < 300; at += 1) await buy(SKUS[at % 10] as string)
    })()
    const seen = versions.length
    await until(() => versions.length > seen + 20)
    await lose()
    await burst
    await redisSaysWhatPostgresSays()
    watching.abort()
    await watched
    expect(versions).toEqual(versions.toSorted((a, b) => Number(a - b)))
  })

  test('events that come again after a crash are not taken twice', async () => {
    await buy('sku-1')
    await redisSaysWhatPostgresSays()
    await onhand.close()
    await database.sql`delete from views.checkpoint_positions where projection = 'availability_redis'
      and position > (select max(position) - 20 from views.checkpoint_positions where projection = 'availability_redis')`
    onhand = await start()
    await buy('sku-1')
    await redisSaysWhatPostgresSays()
  })

  test('an older row does not take the place of a newer one', async () => {
    const [row] = (await fromRedis(['sku-2'])) as [AvailabilityRow]
    await inRedis.save([{ ...row, position: (row.position - 1n) as typeof row.position, available: 0 }])
    expect(await fromRedis(['sku-2'])).toEqual([row])
  })

  test('rows that somebody has spoiled are made right by a rebuild', async () => {
    await redis.hset('onhand:availability:sku-3', 'available', '-1', 'version', '9000000')
    const session = openSession(forMaintenance(database.url))
    await restoreReadModel(session, inRedis, 'always')
    await session.close()
    await redisSaysWhatPostgresSays()
  })

  test('a Redis that keeps the availability of another installation is left alone', async () => {
    const other = new RedisAvailability(() => redis, 'another')
    await expect(other.position(0)).rejects.toThrow('another installation')
  })
})

test('it needs a Redis', () => {
  expect(() => readConfig({ REDIS_READ_MODEL: 'on', PORT: 'x' })).toThrow(
    /PORT=x: .*\n {2}REDIS_READ_MODEL=on: needs REDIS_URL/,
  )
  expect(readConfig({ REDIS_READ_MODEL: 'on', REDIS_URL: 'redis://127.0.0.1' }).redisReadModel).toBe(true)
})
