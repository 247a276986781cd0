/** One command can move hundreds of thousands of lines. Delivering them blocks nobody, and nobody misses any of them. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { LogPosition, Sku } from '../../src/domain/values.ts'
import type { Follower } from '../../src/live/followers.ts'
import { LedgerFeed } from '../../src/live/ledger-feed.ts'
import type { MovementRow } from '../../src/projection/movements.ts'
import { EPOCH } from '../support/events.ts'
import { until } from '../support/until.ts'

const at = (position: number | bigint) => BigInt(position) as LogPosition

/** Every tenth movement belongs to the table. */
const skuAt = (position: bigint): string => (position % 10n === 0n ? 'table' : 'lamp')

const movement = (position: bigint): MovementRow => ({
  partition: 0,
  position: at(position),
  sku: skuAt(position) as Sku,
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

const rows = (from: bigint, to: bigint): MovementRow[] =>
  Array.from({ length: Number(to - from) }, (_, index) => movement(from + BigInt(index + 1)))

/** A follower that reads skipped movements itself, as a group's members do. */
class Reader implements Follower {
  readonly taken: bigint[] = []
  readonly skipped: { from: bigint; to: bigint }[] = []
  #at: bigint

  constructor(feed: LedgerFeed) {
    this.#at = feed.cursor([0]).get(0) as bigint
  }

  take({ position }: MovementRow): void {
    this.taken.push(position)
    this.#at = position
  }

  skip(_: number, to: LogPosition): void {
    this.skipped.push({ from: this.#at, to })
    this.#at = to
  }

  end(): void {
    expect.fail('the log is not replaced')
  }
}

function start() {
  let largestRead = 0
  const range = async (
    _: number,
    sku: string | null,
    after: LogPosition,
    upTo: LogPosition,
    limit: number,
  ) => {
    await turn()
    largestRead = Math.max(largestRead, limit)
    const found = rows(after, upTo < after + at(limit * 10) ? upTo : after + at(limit * 10))
    return found.filter((row) => sku === null || row.sku === sku).slice(0, limit)
  }
  const feed = new LedgerFeed({
    ledger: { range, moved: async (_, skus) => skus.filter((sku) => sku === 'lamp' || sku === 'table') },
    replays: { range },
    partitions: 1,
    epoch: EPOCH,
    onFollowed: () => {},
    onError: (error) => expect.fail(String(error)),
  })
  return { feed, largestRead: () => largestRead }
}

test('200,000 movements are skipped, and only the followers that they concern read them', async () => {
  const { feed } = start()
  const [all, lamps, chairs] = [new Reader(feed), new Reader(feed), new Reader(feed)]
  feed.follow(null, all)
  feed.follow('lamp' as Sku, lamps)
  feed.follow('chair' as Sku, chairs)
  feed.apply(0, at(0), at(10), rows(0n, 10n))
  expect(all.taken).toHaveLength(10)
  feed.apply(0, at(10), at(200_010), rows(10n, 200_010n))
  feed.apply(0, at(200_010), at(200_020), rows(200_010n, 200_020n))
  await feed.reach(0, at(200_020))
  expect(all.skipped).toEqual([{ from: 10n, to: 200_010n }])
  expect(lamps.skipped).toHaveLength(1)
  expect(chairs.skipped).toEqual([])
  expect(all.taken.slice(10)).toEqual(rows(200_010n, 200_020n).map(({ position }) => position))
})

test('a follower that joins while the feed determines whom a skip concerns reads the movements, too', async () => {
  const { feed } = start()
  const first = new Reader(feed)
  feed.follow('lamp' as Sku, first)
  const arriving = feed.reach(0, at(100_000))
  const late = new Reader(feed)
  feed.follow('chair' as Sku, late)
  await arriving
  expect(first.skipped).toHaveLength(1)
  expect(late.skipped).toEqual([{ from: 0n, to: 100_000n }])
})

test('a few thousand movements are delivered one by one, in slices, and in order with those that arrive meanwhile', async () => {
  const { feed } = start()
  const taken: bigint[] = []
  const slow: Follower = {
    take({ position }) {
      taken.push(position)
      // About the time to render a result and send it to several members.
      const until = performance.now() + 0.05
      while (performance.now() < until);
    },
    end: () => expect.fail('the log is not replaced'),
    skip: () => expect.fail('so few are not skipped'),
  }
  feed.follow(null, slow)
  const turns: number[] = []
  const count = setInterval(() => turns.push(taken.length), 1)
  feed.apply(0, at(0), at(4000), rows(0n, 4000n))
  expect(taken.length).toBeLessThan(4000)
  await turn()
  feed.apply(0, at(4000), at(4500), rows(4000n, 4500n))
  // One step arrives twice, and of another only the announcement arrives.
  feed.apply(0, at(4000), at(4500), rows(4000n, 4500n))
  await feed.reach(0, at(4600))
  clearInterval(count)
  expect(taken).toEqual(rows(0n, 4600n).map(({ position }) => position))
  // Other work ran between slices of some 400 movements each.
  expect(new Set(turns).size).toBeGreaterThan(4)
})

test('steps that arrive in the wrong order are delivered in order', async () => {
  const { feed } = start()
  const all = new Reader(feed)
  feed.follow(null, all)
  feed.apply(0, at(100), at(200), rows(100n, 200n))
  feed.apply(0, at(0), at(100), rows(0n, 100n))
  await until(() => all.taken.length === 200)
  expect(all.taken).toEqual(rows(0n, 200n).map(({ position }) => position))
})
