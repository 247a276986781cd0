/** Which messages go over Redis, and which processes receive them. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest'
import type { LogPosition, Sku } from '../../src/domain/values.ts'
import { linkRedis } from '../../src/lib/redis.ts'
import type { RedisLink } from '../../src/lib/redis.ts'
import { Hub } from '../../src/live/hub.ts'
import { createTransport } from '../../src/live/redis-transport.ts'
import type { Transport } from '../../src/live/redis-transport.ts'
import { hasShard, shardOf } from '../../src/live/shards.ts'
import type { Progressed } from '../../src/live/wire.ts'
import type { Epoch } from '../../src/log/token.ts'
import type { AvailabilityRow } from '../../src/projection/availability.ts'
import type { Change } from '../../src/projector/projector.ts'
import { redisProgram, startRedis } from '../support/redis-server.ts'
import { EPOCH, point } from '../support/events.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const row = (sku: string, position: number): AvailabilityRow => ({
  sku: sku as Sku,
  partition: 0,
  position: BigInt(position) as LogPosition,
  status: 'IN_STOCK',
  onHand: 10,
  allocated: 3,
  reserved: 0,
  available: 7,
  incoming: 0,
  batches: [],
  updatedAt: new Date('2026-01-02T03:04:05.678Z'),
})

const change = (from: number, to: number, rows: readonly AvailabilityRow[]): Change => ({
  projection: 'availability',
  partition: 0,
  from: point(from),
  to: point(to),
  rows,
})

interface Process {
  readonly redis: RedisLink
  readonly transport: Transport
  readonly hub: Hub
  readonly received: Progressed[]
  reads: number
}

describe.skipIf(redisProgram === undefined)('over Redis', () => {
  let server: RedisServer
  let redis: Redis
  let processes: Process[]

  beforeAll(async () => {
    server = await startRedis()
    redis = new Redis(server.url)
  })

  afterAll(async () => {
    redis.disconnect()
    await server.stop()
  })

  beforeEach(() => {
    processes = []
  })

  afterEach(async () => {
    for (const { transport, redis: link } of processes) {
      transport.close()
      link.close()
    }
    await until(async () => (await channels('')).length === 0)
  })

  const channels = async (kind: string) =>
    ((await redis.call('PUBSUB', 'SHARDCHANNELS', '*')) as string[]).filter((name) => name.includes(kind))

  const subscribers = async (channel: string) => {
    const [, count] = (await redis.call('PUBSUB', 'SHARDNUMSUB', channel)) as [string, number]
    return count
  }

  async function start(installation = 'one', epoch = EPOCH): Promise<Process> {
    const read = async () => {
      started.reads += 1
      return []
    }
    // The last message that every process receives.
    const last = `onhand:{${installation}:progress:movements}`
    const before = await subscribers(last)
    const link = await linkRedis(server.url, () => {})
    const hub = new Hub({
      partitions: 2,
      epoch: EPOCH,
      availability: { one: read, many: read },
      orders: { one: read, many: read },
      ledger: { range: read, moved: async () => [] },
      replays: { range: read },
      onError: () => {},
    })
    const transport = createTransport({
      redis: link,
      installation,
      epoch: () => epoch,
      onHead: () => {},
      onProgress(progressed) {
        started.received.push(progressed)
        hub.announce(progressed)
      },
      onReconnect: () => {},
      onError: () => {},
    })
    hub.connect(transport.channels)
    const started: Process = { redis: link, transport, hub, received: [], reads: 0 }
    processes.push(started)
    await until(async () => (await subscribers(last)) > before)
    return started
  }

  test('rows reach the processes that watch their shard, and progress reaches all', async () => {
    const [projector, watcher, other] = [await start(), await start(), await start()] as const
    const states = watcher.hub.products.watch(['lamp'])
    expect(await states.next()).toMatchObject({ value: { rows: [] } })
    const { reads } = watcher
    projector.transport.publishChange(change(0, 5, [row('lamp', 4), row('chair', 5)]))
    expect(await states.next()).toEqual({ done: false, value: { epoch: EPOCH, rows: [row('lamp', 4)] } })
    expect(watcher.reads).toBe(reads)
    await until(() => other.received.length === 1)
    const [progressed] = other.received as [Progressed]
    expect(progressed).toMatchObject({
      projection: 'availability',
      partition: 0,
      from: point(0),
      to: point(5),
    })
    expect([...Array(64).keys()].filter((shard) => hasShard(progressed.shards, shard))).toEqual(
      [shardOf('lamp'), shardOf('chair')].toSorted((a, b) => a - b),
    )
    expect(await subscribers(`onhand:{one:rows:availability:${shardOf('lamp')}}`)).toBe(1)
    await states.return()
  })

  test('a channel is subscribed once, from the first watcher until the last one leaves', async () => {
    const { hub } = await start()
    const watching = Array.from({ length: 10 }, () => hub.products.watch(['lamp', 'chair']))
    const leave = Array.from({ length: 3 }, () => hub.ledger.follow(null, { take() {}, skip() {}, end() {} }))
    await until(async () => (await channels(':rows:')).length === 2)
    await until(async () => (await channels(':movements:')).length === 2)
    for (const states of watching.slice(1)) await states.return()
    for (const end of leave.slice(1)) end()
    expect(await subscribers(`onhand:{one:rows:availability:${shardOf('lamp')}}`)).toBe(1)
    await watching[0]?.return()
    leave[0]?.()
    await until(async () => (await channels(':rows:')).length === 0)
    await until(async () => (await channels(':movements:')).length === 0)
  })

  test('a channel that is left and opened again at once is subscribed', async () => {
    const { hub, transport } = await start()
    for (let time = 0; time < 50; time += 1) await hub.products.watch(['lamp']).return()
    const states = hub.products.watch(['lamp'])
    await states.next()
    transport.publishChange(change(0, 1, [row('lamp', 1)]))
    expect(await states.next()).toMatchObject({ value: { rows: [{ position: 1n }] } })
    expect(await channels(':rows:')).toHaveLength(1)
    await states.return()
  })

  test('processes on different databases that share a Redis receive nothing from each other', async () => {
    const [one, another] = [await start(), await start('another')] as const
    another.transport.publishChange(change(0, 5, [row('lamp', 5)]))
    await until(() => another.received.length === 1)
    expect(one.received).toEqual([])
  })

  test('messages of a process with another epoch are ignored', async () => {
    const [one, behind] = [await start(), await start('one', 'e0' as Epoch)] as const
    behind.transport.publishChange(change(0, 5, [row('lamp', 5)]))
    await until(() => behind.received.length === 1)
    one.transport.publishChange(change(0, 3, [row('lamp', 3)]))
    await until(() => one.received.length === 1)
    expect(one.received).toMatchObject([{ epoch: EPOCH, to: point(3) }])
  })

  test('a Redis that hangs gets a bounded amount of data, and publishing never fails or waits', async () => {
    const { transport, redis: link } = await start()
    const rows = Array.from({ length: 512 }, (_, at) => row(`sku-${at}-${'x'.repeat(200)}`, at + 1))
    server.pause()
    const before = process.memoryUsage().rss
    for (let step = 0; step < 500; step += 1) transport.publishChange(change(step, step + 512, rows))
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6)
    server.resume()
    expect(await link.client().ping()).toBe('PONG')
  })
})

test('a Redis that is too old is rejected with a clear message', async () => {
  const old = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      const info = 'redis_version:6.2.14\r\ncluster_enabled:0\r\n'
      for (const [command] of String(data).matchAll(/\r\n(info|hello|client)\r\n/gi))
        socket.write(/info/i.test(command) ? `$${info.length}\r\n${info}\r\n` : '-ERR unknown command\r\n')
    })
  })
  old.listen(0, '127.0.0.1')
  await once(old, 'listening')
  const { port } = old.address() as AddressInfo
  await expect(linkRedis(`redis://127.0.0.1:${port}`, () => {})).rejects.toThrow(
    'REDIS_URL names Redis 6.2.14; version 7 or newer is required.',
  )
  old.close()
})
