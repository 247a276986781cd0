/** Messages of other systems on a Redis stream are applied once and in order, whatever happens to the processes that take them. */
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { openFlakyLink } from '../support/flaky-link.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand, TestOnhandOptions } from '../support/onhand.ts'
import { changeBatchQuantity, createBatch } from '../support/operations.ts'
import { redisProgram, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

const STREAM = 'change_batch_quantity'
const DEAD = `${STREAM}.dead`
const LEASE = `{${STREAM}}.lease`
const SKUS = ['lamp', 'chair', 'table', 'shelf', 'sofa']

describe.skipIf(redisProgram === undefined).each([1, 3])('with %i partitions', (partitions) => {
  let server: RedisServer
  let redis: Redis
  let database: TestDatabase
  let closings: (() => Promise<unknown>)[]
  /** Creates the batches. */
  let first: TestOnhand

  async function start(options: TestOnhandOptions = {}): Promise<TestOnhand> {
    const onhand = await startTestOnhand({
      database,
      config: { redisUrl: server.url, partitions, roles: new Set(['sweeper']) },
      ...options,
    })
    closings.push(() => onhand.close())
    return onhand
  }

  const environment = () => ({ REDIS_URL: server.url, PARTITIONS: String(partitions), ROLES: 'sweeper' })
  const startProcess = async () => {
    const started = await startServer({ databaseUrl: database.url, environment: environment() })
    closings.push(() => started.kill())
    return started
  }

  const add = async (reference: string, quantity: number | string, id = '*') =>
    (await redis.xadd(STREAM, id, 'reference', reference, 'quantity', quantity)) as string
  const quantityOf = async (reference: string): Promise<number> =>
    (await database.sql`select quantity from stock.batches where reference = ${reference}`)[0]?.['quantity']
  /** Returns the successive quantities of a batch in the log. */
  const quantitiesOf = async (reference: string): Promise<number[]> =>
    (
      await database.sql`select (data->>'to')::int as quantity from stock.events
        where type = 'BatchQuantityChanged' and data->>'reference' = ${reference} order by recorded_at, position`
    ).map(({ quantity }) => quantity)
  const dead = async () =>
    (await redis.xrange(DEAD, '-', '+')).map(([, [, id, , reason]]) => ({ id, reason }))
  /** Resolves once all entries of the stream have been answered. */
  const answered = (deadlineMs = 60_000) =>
    until(async () => {
      const [group] = (await redis.xinfo('GROUPS', STREAM)) as unknown[][]
      const last = (await redis.xinfo('STREAM', STREAM)) as unknown[]
      const fields = new Map(
        group?.flatMap((name, at) => (at % 2 === 0 ? [[name, group[at + 1]]] : [])) as [],
      )
      return (
        fields.get('last-delivered-id') === last[last.indexOf('last-generated-id') + 1] &&
        fields.get('pending') === 0
      )
    }, deadlineMs)

  beforeEach(async () => {
    closings = []
    server = await startRedis()
    redis = new Redis(server.url)
    redis.on('error', () => {})
    closings.push(
      () => server.stop(),
      async () => redis.disconnect(),
    )
    database = await createTestDatabase(partitions)
    closings.push(() => database.drop())
    first = await startTestOnhand({ database, config: { roles: new Set(['api']), partitions } })
    closings.push(() => first.close())
    for (const sku of SKUS) await createBatch(first, { reference: `${sku}-1`, sku, quantity: 1000 })
  })

  afterEach(async () => {
    for (const close of closings.toReversed()) await close()
  })

  test('two processes apply 300 messages in their order', async () => {
    await Promise.all([start(), start()])
    for (let round = 0; round < 3; round += 1) {
      const reference = `${SKUS[round]}-1`
      for (let at = 1; at <= 300; at += 1) await add(reference, at)
      await answered()
      expect(await quantityOf(reference)).toBe(300)
      const seen = await quantitiesOf(reference)
      expect(seen).toEqual(Array.from({ length: 300 }, (_, at) => at + 1))
    }
  }, 300_000)

  test('after the database has lost its last commits, their entries are applied again, in order', async () => {
    await start()
    await add('lamp-1', 1)
    await answered()
    const [row] = await database.sql`select max(entry_id) as kept from stock.stream_positions`
    const kept = row?.['kept'] as string
    for (let at = 2; at <= 5; at += 1) await add('lamp-1', at)
    await answered()
    // The state of a promoted standby that did not receive them.
    await database.sql`update stock.stream_positions set entry_id = ${kept}`
    await database.sql`delete from stock.receipts`
    await add('lamp-1', 6)
    await until(async () => (await quantityOf('lamp-1')) === 6)
    expect(await quantitiesOf('lamp-1')).toEqual([1, 2, 3, 4, 5, 2, 3, 4, 5, 6])
  })

  test('a lost consumer group applies nothing again, even after the receipts have expired', async () => {
    await start()
    await add('lamp-1', 50)
    await add('lamp-1', 30)
    await add('no-batch', 1)
    await answered()
    await changeBatchQuantity(first, { reference: 'lamp-1', quantity: 10 })
    await database.sql`delete from stock.receipts`
    await redis.xgroup('DESTROY', STREAM, 'onhand')
    await add('chair-1', 5)
    await until(async () => (await quantityOf('chair-1')) === 5)
    expect(await quantitiesOf('lamp-1')).toEqual([50, 30, 10])
    expect(await dead()).toHaveLength(1)
  })

  // The other tests do not depend on the number of partitions.
  if (partitions > 1) return

  test('while the database is unavailable, messages wait and keep their order', async () => {
    const link = await openFlakyLink(database.url)
    closings.push(() => link.close())
    await start({ databaseUrl: link.url })
    await add('lamp-1', 70)
    await answered()
    await link.refuse()
    await add('lamp-1', 50)
    await until(async () => (await redis.xlen(STREAM)) === 2)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await link.listen()
    await add('lamp-1', 30)
    await answered()
    expect(await quantitiesOf('lamp-1')).toEqual([70, 50, 30])
    expect(await dead()).toEqual([])
  })

  test('a command with an unknown outcome is sent again, and the entries after it wait', async () => {
    const link = await openFlakyLink(database.url)
    closings.push(() => link.close())
    await start({ databaseUrl: link.url })
    for (const fate of ['lost before', 'lost after'] as const) {
      link.cutNextCommit(fate)
      await add('lamp-1', 50)
      await add('lamp-1', 30)
      await answered()
    }
    expect(await quantitiesOf('lamp-1')).toEqual([50, 30, 50, 30])
    expect(await dead()).toEqual([])
  })

  test('a process that was suspended and continues later applies nothing late', async () => {
    const processes = [await startProcess(), await startProcess()]
    await add('lamp-1', 900)
    await answered()
    // Suspend it in the middle of the messages.
    const adding = (async () => {
      for (let at = 1; at <= 400; at += 1) await add('lamp-1', at)
    })()
    await until(async () => ((await quantityOf('lamp-1')) ?? 900) < 100)
    const holder = await redis.get(LEASE)
    const working = processes.find(({ pid }) => holder?.includes(`-${pid}-`)) ?? processes[0]
    process.kill(working?.pid as number, 'SIGSTOP')
    await adding
    await until(async () => (await quantityOf('lamp-1')) === 400, 60_000)
    await database.sql`delete from stock.receipts`
    await changeBatchQuantity(first, { reference: 'lamp-1', quantity: 777 })
    process.kill(working?.pid as number, 'SIGCONT')
    for (let at = 1; at <= 20; at += 1) await add('chair-1', at)
    await until(async () => (await quantityOf('chair-1')) === 20)
    // It is the only process left, so it has continued.
    await processes.find((process) => process !== working)?.kill()
    await add('table-1', 3)
    await until(async () => (await quantityOf('table-1')) === 3)
    const seen = await quantitiesOf('lamp-1')
    expect(seen).toEqual([900, ...Array.from({ length: 400 }, (_, at) => at + 1), 777])
    expect(await dead()).toEqual([])
  }, 120_000)

  test('when the working process is killed, another one continues within seconds', async () => {
    const processes = [await startProcess(), await startProcess()]
    await add('lamp-1', 1)
    await answered()
    const holder = await redis.get(LEASE)
    const working = processes.find(({ pid }) => holder?.includes(`-${pid}-`))
    expect(working).toBeDefined()
    await working?.kill()
    for (let at = 2; at <= 10; at += 1) await add('lamp-1', at)
    await answered()
    expect(await quantitiesOf('lamp-1')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  }, 60_000)

  test('when a process closes, another one takes over at once', async () => {
    const one = await startTestOnhand({
      database,
      config: { redisUrl: server.url, partitions, roles: new Set(['sweeper']) },
    })
    await add('lamp-1', 1)
    await answered()
    await one.close()
    expect(await redis.get(LEASE)).toBe(null)
  })

  test('invalid and rejected messages go to the dead letters, in order, and block nothing', async () => {
    await start()
    const ids = [
      await add('lamp-1', 1),
      await add('no-batch', 2),
      (await redis.xadd(STREAM, '*', 'quantity', '3')) as string,
      await add('lamp-1', '-4'),
      await add('lamp-1', 5),
      await add('', 6),
      await add('lamp-1', 7),
    ]
    await answered()
    expect(await quantitiesOf('lamp-1')).toEqual([1, 5, 7])
    expect(await dead()).toEqual([
      { id: ids[1], reason: 'BatchNotFound' },
      { id: ids[2], reason: 'The message has no field "reference".' },
      { id: ids[3], reason: 'The quantity "-4" is not a whole number.' },
      { id: ids[5], reason: expect.stringContaining('empty') },
    ])
    const [last] = await redis.xrevrange(DEAD, '+', '-', 'COUNT', 1)
    expect(last?.[1].slice(4)).toEqual(['reference', '', 'quantity', '6'])
  })

  test('a process that starts later does not write dead letters again, whatever the last entry was', async () => {
    const one = await startTestOnhand({
      database,
      config: { redisUrl: server.url, partitions, roles: new Set(['sweeper']) },
    })
    await add('lamp-1', 1)
    await add('lamp-1', 'many')
    await answered()
    await one.close()
    await start()
    await add('lamp-1', 2)
    await answered()
    await redis.xgroup('DESTROY', STREAM, 'onhand')
    await add('lamp-1', 3)
    await until(async () => (await quantityOf('lamp-1')) === 3)
    expect(await dead()).toHaveLength(1)
  })

  test('a message that fails with an unexpected error goes there after five attempts, with a reason that hides the error', async () => {
    await database.sql.unsafe(`create function fail() returns trigger language plpgsql as
      $$ begin if new.data::text like '%sofa-1%' then raise exception 'secret'; end if; return new; end $$;
      create trigger fail before insert on stock.events for each row execute function fail()`)
    await start()
    await add('lamp-1', 1)
    const poison = await add('sofa-1', 2)
    await add('lamp-1', 3)
    await answered()
    expect(await quantitiesOf('lamp-1')).toEqual([1, 3])
    expect(await dead()).toEqual([
      {
        id: poison,
        reason: 'It failed 5 times with an unexpected error. The log of the server has the cause.',
      },
    ])
  }, 90_000)

  test('entry ids are compared as numbers', async () => {
    await start()
    await add('lamp-1', 9, '9-0')
    await add('lamp-1', 10, '10-9')
    await add('lamp-1', 11, '10-10')
    await answered()
    expect(await quantitiesOf('lamp-1')).toEqual([9, 10, 11])
  })

  test('entries that an earlier release took but did not acknowledge are taken first', async () => {
    await redis.xgroup('CREATE', STREAM, 'onhand', '0', 'MKSTREAM')
    for (let at = 1; at <= 4; at += 1) await add('lamp-1', at)
    const read = (await redis.xreadgroup('GROUP', 'onhand', 'old', 'COUNT', 3, 'STREAMS', STREAM, '>')) as [
      string,
      [string, string[]][],
    ][]
    await redis.xack(STREAM, 'onhand', read[0]?.[1][0]?.[0] as string)
    await start()
    await answered()
    expect(await quantitiesOf('lamp-1')).toEqual([2, 3, 4])
  })

  test('after Redis was emptied and its clock set back, new ids still follow the last one', async () => {
    await start()
    await add('lamp-1', 1, '99999999999999-5')
    await answered()
    await redis.flushall()
    await until(async () => {
      const info = (await redis.xinfo('STREAM', STREAM).catch(() => [])) as unknown[]
      return info[info.indexOf('last-generated-id') + 1] === '99999999999999-5'
    })
    await add('lamp-1', 2)
    await answered()
    expect(await quantitiesOf('lamp-1')).toEqual([1, 2])
  })

  test('the stream keeps the last 10,000 answered entries', async () => {
    const pipeline = redis.pipeline()
    for (let at = 0; at < 15_000; at += 1) pipeline.xadd(STREAM, `1-${at + 1}`, 'reference', 'lamp-1')
    await pipeline.exec()
    // They are answered according to the database.
    await database.sql`insert into stock.stream_positions values (0, ${STREAM}, '1-14999', now())`
    await start()
    await answered()
    const length = await redis.xlen(STREAM)
    expect(length).toBeGreaterThanOrEqual(10_000)
    expect(length).toBeLessThan(10_200)
  })
})
