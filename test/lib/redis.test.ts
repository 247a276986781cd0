/** An error says why Redis cannot be used and what to do about it. Redis is used as soon as it can be. */
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { describeRedisFailure, isRedisFailure } from '../../src/lib/redis-failure.ts'
import { linkRedis } from '../../src/lib/redis.ts'
import type { RedisLink } from '../../src/lib/redis.ts'
import { freePort, redisProgram, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

describe.skipIf(redisProgram === undefined)('a Redis that cannot be used', () => {
  let primary: RedisServer
  let replica: RedisServer
  let guarded: RedisServer
  const links: RedisLink[] = []

  beforeAll(async () => {
    primary = await startRedis()
    replica = await startRedis(undefined, '--replicaof', `127.0.0.1 ${primary.port}`)
    guarded = await startRedis()
    const link = await linkRedis(guarded.url, () => {})
    await link.client().config('SET', 'requirepass', 'hush')
    link.close()
  })

  afterEach(() => {
    for (const link of links.splice(0)) link.close()
  })

  afterAll(async () => {
    for (const server of [primary, replica, guarded]) await server.stop()
  })

  async function failuresOf(url: string): Promise<string[]> {
    const failures: string[] = []
    const link = await linkRedis(url, (error) => failures.push(describeRedisFailure(error)))
    links.push(link)
    await until(() => failures.length > 1)
    await expect(link.check()).rejects.toSatisfy(isRedisFailure)
    return failures
  }

  test.each([
    ['asks for a password', () => guarded.url, 'it asks for a password: put it into REDIS_URL'],
    [
      'has another password',
      () => guarded.url.replace('//', '//:wrong@'),
      'the password in REDIS_URL is wrong',
    ],
    [
      'has no such database',
      () => `${primary.url}/99`,
      'it has no database with the number at the end of REDIS_URL',
    ],
    ['is a replica', () => replica.url, 'it is a read-only replica: REDIS_URL must name the primary'],
    ['has an unknown host', () => 'redis://nowhere.invalid', /no host with that name|cannot be looked up/],
  ])('because it %s', async (_, url, says) => {
    for (const failure of await failuresOf(url())) expect(failure).toMatch(says)
  })

  test('because nothing listens on its port', async () => {
    for (const failure of await failuresOf(`redis://127.0.0.1:${await freePort()}`))
      expect(failure).toBe('the connection was refused: nothing listens there')
  })

  test('is used as soon as it can be, until it becomes a replica', async () => {
    const failures: unknown[] = []
    const link = await linkRedis(replica.url, (error) => failures.push(error))
    links.push(link)
    await expect(link.check()).rejects.toThrow()
    const admin = new Redis(replica.url)
    await admin.replicaof('NO', 'ONE')
    await until(() =>
      link.check().then(
        () => true,
        () => false,
      ),
    )
    await admin.replicaof('127.0.0.1', primary.port)
    await expect(link.check()).rejects.toThrow('This Redis is a replica.')
    admin.disconnect()
  })
})
