/** Availability as other systems read it: in Postgres, and in Redis, which may lose data. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { checkReadModel } from '../../src/integration/check-read-model.ts'
import { RedisAvailability } from '../../src/integration/redis-availability.ts'
import { restoreReadModel } from '../../src/integration/read-model.ts'
import { openPool, openSession } from '../../src/lib/postgres.ts'
import type { Pool } from '../../src/lib/postgres.ts'
import { forMaintenance, forQueries } from '../../src/operations/connections.ts'
import type { AvailabilityRow } from '../../src/projection/availability.ts'
import { createReads } from '../../src/projection/read-side.ts'
import { onhandCli } from '../support/cli.ts'
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

    test('a missing product has no row', async () => {
      expect(await read([`nothing-${name}`])).toEqual([])
    })

    test('a product reflects its batches, allocations and deallocations', async () => {
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

  test('verify finds every difference from Postgres, and nothing else', async () => {
    const found = async () => {
      const session = openSession(forMaintenance(database.url))
      const { wrong } = await checkReadModel(session.db, inRedis, [0])
      await session.close()
      return wrong
    }
    const working = Promise.all(SKUS.map(buy))
    expect(await found()).toEqual([])
    await working
    await redisSaysWhatPostgresSays()
    expect(await found()).toEqual([])
    const hash = (sku: string) => `onhand:availability:${sku}`
    await redis.hset(hash('sku-1'), 'available', '7')
    await redis.hset(hash('sku-2'), 'availableToPromise', '[]')
    await redis.del(hash('sku-3'))
    await redis.hset(hash('sku-4'), 'version', '1')
    await redis.hset(hash('sku-5'), 'version', '1000000')
    await redis.copy(hash('sku-6'), hash('nobody’s'))
    expect((await found()).toSorted()).toEqual([
      'nobody’s: in Redis, but not in Postgres',
      expect.stringMatching(/^sku-1: available is 7 in Redis, and \d+ in Postgres$/),
      expect.stringMatching(/^sku-2: availableToPromise is \[\] in Redis, and /),
      'sku-3: not in Redis',
      expect.stringMatching(/^sku-4: at version 1 in Redis, and \d+ in Postgres$/),
      expect.stringMatching(/^sku-5: at version 1000000 in Redis, ahead of the log, which ends at \d+$/),
    ])
    const { stdout, code } = await onhandCli(['verify'], {
      DATABASE_URL: database.url,
      REDIS_URL: server.url,
    })
    expect(stdout).toContain('✗ Availability in Redis equals availability in Postgres. ')
    expect(code).toBe(1)
    const session = openSession(forMaintenance(database.url))
    await restoreReadModel(session, inRedis, 'always')
    await session.close()
    expect(await found()).toEqual([])
  })

  test('another system reads a product with one call', async () => {
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

  test('it is listed among the projections', async () => {
    const { projections } = await onhand.gql('{ projections { name status } }')
    expect(projections).toContainEqual({ name: 'availability_redis', status: 'LIVE' })
  })

  test('if Redis is emptied while nothing changes, all rows are rewritten', async () => {
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
  ])('if Redis is %s amid changes, it ends on the same state, and no version goes back', async (_, lose) => {
    const versions: bigint[] = []
    const watching = new AbortController()
    const watch = async () => {
      while (!watching.signal.aborted) {
        const version = await redis.hget('onhand:availability:sku-0', 'version').catch(() => null)
        if (version !== null) versions.push(BigInt(version))
      }
    }
    const watched = watch()
    // Change some products. The others have to be restored without a change.
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

  test('events that are read again after a crash are not applied twice', async () => {
    await buy('sku-1')
    await redisSaysWhatPostgresSays()
    await onhand.close()
    await database.sql`delete from views.checkpoint_positions where projection = 'availability_redis'
      and position > (select max(position) - 20 from views.checkpoint_positions where projection = 'availability_redis')`
    onhand = await start()
    await buy('sku-1')
    await redisSaysWhatPostgresSays()
  })

  test('an older row does not replace a newer one', async () => {
    const [row] = (await fromRedis(['sku-2'])) as [AvailabilityRow]
    await inRedis.save([{ ...row, position: (row.position - 1n) as typeof row.position, available: 0 }])
    expect(await fromRedis(['sku-2'])).toEqual([row])
  })

  test('a rebuild repairs rows that were changed by hand', async () => {
    await redis.hset('onhand:availability:sku-3', 'available', '-1', 'version', '9000000')
    const session = openSession(forMaintenance(database.url))
    await restoreReadModel(session, inRedis, 'always')
    await session.close()
    await redisSaysWhatPostgresSays()
  })

  describe('after the database has lost its last commits', () => {
    /** As a promoted standby that had not got them: the tables, and what has been derived from them. */
    async function lose(events: number): Promise<void> {
      await database.sql.begin(async (sql) => {
        const [row] = await sql`select max(position) - ${events} as head from stock.events`
        const head = row?.['head'] as string
        await sql`delete from stock.events where position > ${head}`
        await sql`delete from stock.receipts where position > ${head}`
        await sql`delete from views.checkpoint_positions`
        await sql`insert into views.checkpoint_positions
          select 0, projection, ${head}, (select tag from stock.events where position = ${head}) from views.checkpoints`
        for (const view of ['availability', 'batches', 'movements', 'orders'])
          await sql`delete from views.${sql.unsafe(view)} where position > ${head}`
        await sql`delete from stock.batches where version > ${head}`
        await sql`delete from stock.batch_references where reference like 'lost-%'`
      })
    }

    const keys = async () => (await redis.keys('onhand:availability:*')).toSorted()
    const keysOfPostgres = async () =>
      (await database.sql`select sku from views.availability`)
        .map(({ sku }) => `onhand:availability:${sku}`)
        .toSorted()

    test.each([
      ['while nothing happens', 0],
      ['and others have come in their place', 3],
    ])('%s, rows of lost commits are removed', async (_, others) => {
      await redisSaysWhatPostgresSays()
      await createBatch(onhand, { reference: `lost-${others}`, sku: `lost-${others}`, quantity: 5 })
      await caughtUp()
      await until(async () => (await keys()).includes(`onhand:availability:lost-${others}`))
      await onhand.close()
      await lose(1)
      // The same positions now have other events.
      const without = await startTestOnhand({ database, config: { roles: new Set(['api', 'projector']) } })
      for (let at = 0; at < others; at += 1)
        await createBatch(without, { reference: `other-${at}`, sku: `other-${at}`, quantity: 7 })
      await until(async () => {
        const { projections } = await without.gql('{ projections { name lag } }')
        return projections.every(({ lag }: { lag: number }) => lag === 0)
      })
      await without.close()
      onhand = await start()
      await redisSaysWhatPostgresSays()
      await until(async () => String(await keys()) === String(await keysOfPostgres()))
      expect(await keysOfPostgres()).not.toContain(`onhand:availability:lost-${others}`)
    })

    test('rows that were written just before a crash, before the mark moved, are removed, too', async () => {
      await redisSaysWhatPostgresSays()
      const [row] = (await fromRedis(['sku-4'])) as [AvailabilityRow]
      const mark = await inRedis.mark(0)
      const lost = (row.position + 1000n) as typeof row.position
      await onhand.close()
      await inRedis.announce(0, { position: lost, tag: 5n as never })
      await inRedis.save([{ ...row, position: lost, available: -1 }])
      expect(await inRedis.mark(0)).toMatchObject({ position: mark.position })
      onhand = await start()
      await buy('sku-4')
      await redisSaysWhatPostgresSays()
    })
  })

  test('a rewrite removes the keys of missing products, and nothing else', async () => {
    await redis.hset('onhand:availability:ghost', 'sku', 'ghost', 'partition', '0')
    await redis.hset('onhand:availability:half', 'sku', 'half')
    await redis.hset('onhand:availability:elsewhere', 'partition', '7')
    await redis.set('onhand:availability:text', 'of somebody else')
    await redis.set('mine', 'too')
    const session = openSession(forMaintenance(database.url))
    await restoreReadModel(session, inRedis, 'always')
    await session.close()
    expect(await redis.exists('onhand:availability:ghost', 'onhand:availability:half')).toBe(0)
    expect(await redis.exists('onhand:availability:elsewhere', 'onhand:availability:text', 'mine')).toBe(3)
    await redisSaysWhatPostgresSays()
  })

  test('a Redis with the availability of another installation is not changed', async () => {
    const other = new RedisAvailability(() => redis, 'another')
    await expect(other.mark(0)).rejects.toThrow('another installation')
  })
})

test('REDIS_READ_MODEL=on requires REDIS_URL', () => {
  expect(() => readConfig({ REDIS_READ_MODEL: 'on', PORT: 'x' })).toThrow(
    /PORT=x: .*\n {2}REDIS_READ_MODEL=on: REDIS_URL must be set/,
  )
  expect(readConfig({ REDIS_READ_MODEL: 'on', REDIS_URL: 'redis://127.0.0.1' }).redisReadModel).toBe(true)
})
