/** How a hub handles messages that arrive late, twice, out of order, or not at all. */
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogPosition, OrderId, Sku } from '../../src/domain/values.ts'
import type { Channels } from '../../src/live/channels.ts'
import type { Follower } from '../../src/live/followers.ts'
import { Hub } from '../../src/live/hub.ts'
import { shardOf, shardSet } from '../../src/live/shards.ts'
import { encodeRows } from '../../src/live/wire.ts'
import type { Progressed } from '../../src/live/wire.ts'
import type { Ledger } from '../../src/projection/ledger.ts'
import type { MovementRow } from '../../src/projection/movements.ts'
import type { OrderRow } from '../../src/projection/orders.ts'
import type { Change } from '../../src/projector/projector.ts'
import { until } from '../support/until.ts'
import { EPOCH, point } from '../support/events.ts'

const at = (position: number | bigint) => BigInt(position) as LogPosition

const orderRow = (orderId: string, position: LogPosition): OrderRow => ({
  orderId: orderId as OrderId,
  partition: 0,
  position,
  lines: [],
  updatedAt: new Date(0),
})

const movement = (position: LogPosition): MovementRow => ({
  partition: 0,
  position,
  sku: 'lamp' as Sku,
  type: 'ALLOCATED',
  quantity: 1,
  batchReference: null,
  orderId: null,
  reason: null,
  commandId: 'c' as MovementRow['commandId'],
  availableBefore: 1,
  availableAfter: 0,
  recordedAt: new Date(0),
})

const follower = (take: Follower['take']): Follower => ({
  take,
  skip: () => expect.fail('nothing is to be skipped'),
  end: () => expect.fail('the log is not replaced'),
})

/** A projection of orders and its ledger, as another process would maintain them, and a hub that receives messages about them. */
class World {
  readonly rows = new Map<string, OrderRow>()
  head = at(0)
  reads = 0
  /** How many of the next reads fail. */
  failing = 0
  readonly #listeners = new Map<string, (message: string) => void>()
  readonly hub: Hub

  constructor() {
    const channels: Channels = {
      open: (name, onMessage) => {
        expect(this.#listeners.has(name)).toBe(false)
        this.#listeners.set(name, onMessage)
        return { joined: Promise.resolve(), close: () => void this.#listeners.delete(name) }
      },
    }
    const read = async (keys: readonly string[]) => {
      this.reads += 1
      const found = keys.flatMap((key) => this.rows.get(key) ?? [])
      await turn()
      if (this.failing > 0) {
        this.failing -= 1
        throw new Error('the database is away')
      }
      return found
    }
    const range: Ledger['range'] = async (_partition, _sku, after, upTo, limit) => {
      await turn()
      const count = Math.min(Number(upTo - after), limit)
      return Array.from({ length: count }, (_, index) => movement(at(after + BigInt(index + 1))))
    }
    this.hub = new Hub({
      partitions: 1,
      epoch: EPOCH,
      availability: { one: async () => [], many: async () => [] },
      orders: { one: async (key) => read([key]), many: read },
      ledger: { range, moved: async (_partition, skus) => [...skus] },
      replays: { range },
      onError: () => {},
    })
    this.hub.connect(channels)
  }

  get openChannels(): string[] {
    return [...this.#listeners.keys()]
  }

  /** A step of the other process's projectors: one event per key. */
  step(keys: readonly string[]): { orders: Change; movements: Change } {
    const from = this.head
    for (const key of keys) {
      this.head = at(this.head + 1n)
      this.rows.set(key, orderRow(key, this.head))
    }
    const step = { partition: 0, from: point(from), to: point(this.head) }
    const rows = [...new Set(keys)].map((key) => this.rows.get(key) as OrderRow)
    const moved = keys.map((_, index) => movement(at(from + BigInt(index + 1))))
    return {
      orders: { projection: 'orders', ...step, rows },
      movements: { projection: 'movements', ...step, rows: moved },
    }
  }

  /** The messages about a change, each of which may be delivered or not. */
  messagesOf({ projection, partition, rows, ...points }: Change): (() => void)[] {
    const step = { partition, ...points }
    const shards = new Set(
      projection === 'orders' ? (rows as OrderRow[]).map(({ orderId }) => shardOf(orderId)) : [],
    )
    const send = (name: string, some: Change['rows']) => {
      const message = encodeRows(projection, step, some)
      return () => this.#listeners.get(name)?.(message)
    }
    const ofShards = [...shards].map((shard) =>
      send(
        `rows:orders:${shard}`,
        (rows as OrderRow[]).filter(({ orderId }) => shardOf(orderId) === shard),
      ),
    )
    const progressed: Progressed = { projection, epoch: EPOCH, ...step, shards: shardSet(shards) }
    const ofLedger = projection === 'movements' ? [send('movements:0', rows)] : []
    return [...ofShards, ...ofLedger, () => this.hub.announce(progressed)]
  }

  deliver(change: Change): void {
    for (const message of this.messagesOf(change)) message()
  }

  /** The result of a poll. */
  poll(): void {
    this.hub.catchUp(
      ['orders', 'movements'].map((projection) => ({
        projection,
        partition: 0,
        ...point(this.head),
        generation: 0,
      })),
    )
  }

  /** Everything that a watcher of these keys receives, by key. */
  watch(keys: readonly string[]) {
    const received = new Map<string, bigint[]>(keys.map((key) => [key, []]))
    const states = this.hub.orders.watch(keys, { skipEmpty: true })
    const read = async () => {
      for await (const {
        rows: [row],
      } of states)
        received.get(row?.orderId as string)?.push(row?.position as bigint)
    }
    void read()
    return { received, end: async () => void (await states.return()) }
  }
}

const KEYS = ['a', 'b', 'c', 'd', 'e']

test('with messages lost, late, doubled or out of order: versions rise, states in memory are current, and the last state arrives', async () => {
  const key = fc.constantFrom(...KEYS)
  const delivery = fc.constantFrom('now', 'later', 'lost', 'twice')
  const action = fc.oneof(
    fc.record({
      type: fc.constant('step' as const),
      keys: fc.array(key, { minLength: 1, maxLength: 5 }),
      deliveries: fc.array(delivery, { minLength: 8, maxLength: 8 }),
      local: fc.boolean(),
    }),
    fc.record({ type: fc.constantFrom('poll' as const, 'late' as const, 'turn' as const, 'gap' as const) }),
    fc.record({ type: fc.constant('fail' as const), reads: fc.nat(1) }),
    fc.record({ type: fc.constant('watch' as const), keys: fc.array(key, { minLength: 1 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
      const world = new World()
      const watchers = [world.watch(KEYS)]
      const later: (() => void)[] = []
      const moved: bigint[] = []
      const unfollow = world.hub.ledger.follow(
        null,
        follower(({ position }) => moved.push(position)),
      )
      const act = async (what: (typeof actions)[number]) => {
        switch (what.type) {
          case 'step': {
            const { orders, movements } = world.step(what.keys)
            if (what.local) {
              world.hub.take(orders)
              world.hub.take(movements)
            }
            const messages = [...world.messagesOf(orders), ...world.messagesOf(movements)]
            for (const [index, message] of messages.entries()) {
              const how = what.deliveries[index] ?? 'now'
              if (how === 'now' || how === 'twice') message()
              if (how === 'later' || how === 'twice') later.push(message)
            }
            break
          }
          case 'poll':
            return world.poll()
          case 'late':
            for (const message of later.splice(0).toReversed()) message()
            break
          case 'turn':
            return turn()
          case 'gap':
            return world.hub.refresh()
          case 'fail':
            world.failing = what.reads
            break
          default:
            watchers.push(world.watch(what.keys))
        }
      }
      for (const what of actions) {
        await act(what)
        const known = world.hub.progress.position('orders', 0)
        for (const wanted of KEYS) {
          const given = world.hub.orders.peek(wanted)
          const truth = world.rows.get(wanted)
          if (given === undefined || truth === undefined || truth.position > known) continue
          expect(given[0]?.position).toBe(truth.position)
        }
      }
      world.poll()
      for (const { received } of watchers)
        for (const [wanted, positions] of received)
          await until(() => positions.at(-1) === world.rows.get(wanted)?.position)
      await until(() => BigInt(moved.length) >= world.head)
      expect(moved).toEqual(Array.from({ length: Number(world.head) }, (_, index) => BigInt(index + 1)))
      for (const { received, end } of watchers) {
        for (const positions of received.values())
          expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => Number(a - b)))
        await end()
      }
      unfollow()
      expect(world.openChannels).toEqual([])
    }),
    { numRuns: 150 },
  )
})

test('rows in a message are delivered without a read', async () => {
  const world = new World()
  const { received } = world.watch(KEYS)
  await until(() => world.hub.orders.peek('a'))
  const { reads } = world
  world.deliver(world.step(['a', 'b']).orders)
  expect(world.hub.orders.peek('a')).toMatchObject([{ position: 1n }])
  await until(() => received.get('b')?.length === 1)
  expect(world.reads).toBe(reads)
})

test('missing rows are read, only for their shard, and no state is delivered meanwhile', async () => {
  const world = new World()
  const { received } = world.watch(KEYS)
  await until(() => world.hub.orders.peek('a'))
  const announcement = world.messagesOf(world.step(['a']).orders).at(-1) as () => void
  announcement()
  expect(world.hub.orders.peek('a')).toBeUndefined()
  expect(world.hub.orders.peek('b')).toEqual([])
  const { reads } = world
  await until(() => received.get('a')?.length === 1)
  expect(world.reads).toBe(reads + 1)
  expect(world.hub.orders.peek('a')).toMatchObject([{ position: 1n }])
})

test('a consistent query finds in memory the state that it has waited for', async () => {
  const world = new World()
  world.watch(KEYS)
  await until(() => world.hub.orders.peek('a'))
  const reached = world.hub.progress.reached('orders', new Map([[0, at(1)]]), 5000)
  world.deliver(world.step(['a']).orders)
  expect(await reached).toBe(true)
  expect(world.hub.orders.peek('a')).toMatchObject([{ position: 1n }])
})

test('a channel is open, once, while a key of its shard is watched', async () => {
  const world = new World()
  const [first, second] = [world.watch(['a']), world.watch(['a', 'b'])]
  expect(world.openChannels.toSorted()).toEqual(
    [`rows:orders:${shardOf('a')}`, `rows:orders:${shardOf('b')}`].toSorted(),
  )
  await second.end()
  expect(world.openChannels).toEqual([`rows:orders:${shardOf('a')}`])
  await first.end()
  expect(world.openChannels).toEqual([])
})

test('movements are not read while nobody follows them, and later followers do not miss them', async () => {
  const world = new World()
  world.deliver(world.step(['a', 'b']).movements)
  const moved: bigint[] = []
  world.hub.ledger.follow(
    null,
    follower(({ position }) => moved.push(position)),
  )
  expect(world.openChannels).toEqual(['movements:0'])
  world.deliver(world.step(['c']).movements)
  expect(moved).toEqual([3n])
})
