/**
 * The ledger as a stream: each partition's movements in order, every one exactly once.
 *
 * Followers receive movements as they arrive; if there are few, within the same turn of the event loop. The feed reads movements
 * that it missed before it continues. A client that begins in the past reads pages until it has reached the feed.
 *
 * One command can cause hundreds of thousands of movements. The feed does not keep so many or pass them on one by one, but skips
 * them. The followers that they concern read them as if they resumed, each at its own pace.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogPosition, Sku } from '../domain/values.ts'
import { deferred } from '../lib/deferred.ts'
import type { Deferred } from '../lib/deferred.ts'
import { Slices } from '../lib/slices.ts'
import type { Partition } from '../log/partition.ts'
import type { LogReplaced } from '../log/replaced.ts'
import type { Epoch } from '../log/token.ts'
import type { Ledger } from '../projection/ledger.ts'
import type { MovementRow } from '../projection/movements.ts'
import { Followers } from './followers.ts'
import type { Follower } from './followers.ts'

export interface LedgerFeedOptions {
  readonly ledger: Pick<Ledger, 'range' | 'moved'>
  /** Reads for clients that resume. Other reads do not wait for these. */
  readonly replays: Pick<Ledger, 'range'>
  readonly partitions: number
  readonly epoch: Epoch
  /** Called when the first follower joins (true), and when the last one leaves (false). */
  readonly onFollowed: (followed: boolean) => void
  /** Called when a read has failed. The feed retries it. */
  readonly onError: (error: unknown) => void
}

const PAGE_ROWS = 500
/** The page size for a client that resumes. Each page is processed without a pause, while other work waits. */
const REPLAY_ROWS = 100
/** How many products one statement looks up. */
const MAX_SKUS = 1000
/** How many movements the feed keeps and passes on one by one. If there are more, it skips them. */
const MAX_PENDING = 5000
const SLICE_MS = 20
const RETRY_MS = 250

/** The last position that was read, per partition. */
export type LedgerCursor = ReadonlyMap<Partition, LogPosition>

export class LedgerFeed {
  readonly #options: LedgerFeedOptions
  /** The epoch to which all positions of the feed belong. */
  epoch: Epoch
  #partitions: readonly FeedPartition[] = []
  readonly #followers = new Followers()
  readonly #slices = new Slices(SLICE_MS)

  constructor(options: LedgerFeedOptions) {
    this.#options = options
    this.epoch = options.epoch
    this.#partitions = this.#allPartitions()
  }

  get followers(): number {
    return this.#followers.size
  }

  /** The current positions of the feed in these partitions. */
  cursor(partitions: readonly Partition[]): LedgerCursor {
    return new Map(partitions.map((partition) => [partition, this.#position(partition)]))
  }

  /** Sets the initial position, before there are followers. */
  begin(partition: Partition, position: LogPosition): void {
    const feed = this.#partitions[partition]
    if (feed !== undefined && position > feed.position) feed.position = position
  }

  /** Ends all followers, because another history has replaced the log. `begin` then sets the new positions. */
  replace(epoch: Epoch, replaced: LogReplaced): void {
    this.epoch = epoch
    for (const feed of this.#partitions) feed.ended = true
    this.#partitions = this.#allPartitions()
    this.#followers.end(replaced)
  }

  /** Takes the movements of the events after `from`, up to and including `to`. */
  apply(partition: Partition, from: LogPosition, to: LogPosition, rows: readonly MovementRow[]): void {
    const feed = this.#partitions[partition]
    if (feed === undefined || to <= feed.position) return
    feed.keep({ from, to, rows })
    void this.#advance(feed, to)
  }

  /** Moves the feed to `to`, which the ledger has reached. Movements that have not arrived are read. */
  async reach(partition: Partition, to: LogPosition): Promise<void> {
    const feed = this.#partitions[partition]
    if (feed !== undefined && to > feed.position) await this.#advance(feed, to)
  }

  /**
   * Passes on every movement after the current position of the feed.
   *
   * @param sku the product whose movements are passed on; null for all products
   * @returns a function that removes the follower
   */
  follow(sku: Sku | null, follower: Follower): () => void {
    const { onFollowed } = this.#options
    const leave = this.#followers.add(sku, follower)
    if (this.#followers.size === 1) onFollowed(true)
    return () => {
      if (leave() && this.#followers.size === 0) onFollowed(false)
    }
  }

  /** Whether the feed has passed on the movements up to this position. */
  has(partition: Partition, to: LogPosition): boolean {
    return to <= this.#position(partition)
  }

  /** Whether the cursor is ahead of the feed. It then comes from a process that is ahead of this one. */
  isBehind(cursor: LedgerCursor): boolean {
    return [...cursor].some(([partition, position]) => position > this.#position(partition))
  }

  /**
   * Reads the next movements up to the feed's position, at most a page of them.
   *
   * @returns the movements and the cursor after them; the same cursor if there is nothing to read
   */
  async read(
    sku: Sku | null,
    cursor: LedgerCursor,
  ): Promise<{ movements: readonly MovementRow[]; cursor: LedgerCursor }> {
    for (const [partition, after] of cursor) {
      const upTo = this.#position(partition)
      if (after >= upTo) continue
      const { replays } = this.#options
      const movements = await this.#retry(() => replays.range(partition, sku, after, upTo, REPLAY_ROWS))
      const last = movements.length < REPLAY_ROWS ? upTo : (movements.at(-1) as MovementRow).position
      return { movements, cursor: new Map([...cursor, [partition, last]]) }
    }
    return { movements: [], cursor }
  }

  #allPartitions(): readonly FeedPartition[] {
    return Array.from({ length: this.#options.partitions }, (_, partition) => new FeedPartition(partition))
  }

  #position(partition: Partition): LogPosition {
    return this.#partitions[partition]?.position ?? (0n as LogPosition)
  }

  /** Moves the feed to `to`, and beyond if later calls ask for it meanwhile. */
  async #advance(feed: FeedPartition, to: LogPosition): Promise<void> {
    if (to > feed.wanted) feed.wanted = to
    if (feed.advancing !== null) return feed.advancing.promise
    const arrived = (feed.advancing = deferred())
    while (!feed.ended && feed.position < feed.wanted) {
      const next = feed.next()
      const upTo = next !== undefined && next.from > feed.position ? next.from : feed.wanted
      // Without followers, nothing need be read.
      if (this.#followers.size === 0) feed.goTo(feed.wanted)
      else if (next !== undefined && next.from <= feed.position) await this.#deliver(feed, next)
      else if (upTo - feed.position > MAX_PENDING) await this.#skip(feed, upTo)
      else await this.#readNext(feed, upTo)
    }
    // This runs in the same turn as the last check of `wanted`; otherwise a call in between would have no effect.
    feed.advancing = null
    arrived.resolve()
  }

  async #deliver(feed: FeedPartition, { to, rows }: Step): Promise<void> {
    for (const row of rows) {
      if (feed.ended) return
      if (row.position <= feed.position) continue
      feed.position = row.position
      this.#followers.deliver(row)
      if (this.#slices.isOver) await this.#slices.next()
    }
    feed.goTo(to)
  }

  async #readNext(feed: FeedPartition, upTo: LogPosition): Promise<void> {
    const { ledger } = this.#options
    const { partition, position } = feed
    const rows = await this.#retry(() => ledger.range(partition, null, position, upTo, PAGE_ROWS))
    const to = rows.length < PAGE_ROWS ? upTo : (rows.at(-1) as MovementRow).position
    await this.#deliver(feed, { from: position, to, rows })
  }

  async #skip(feed: FeedPartition, to: LogPosition): Promise<void> {
    const { ledger } = this.#options
    const { partition, position } = feed
    const asked = this.#followers.skus()
    const moved = new Set<Sku>()
    for (let at = 0; at < asked.length; at += MAX_SKUS) {
      const some = asked.slice(at, at + MAX_SKUS)
      for (const sku of await this.#retry(() => ledger.moved(partition, some, position, to))) moved.add(sku)
    }
    if (feed.ended) return
    // Followers that joined meanwhile are not in `asked`, so they skip, too.
    const quiet = new Set(asked.filter((sku) => !moved.has(sku)))
    this.#followers.skip(partition, to, (sku) => !quiet.has(sku))
    feed.goTo(to)
  }

  async #retry<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await read()
      } catch (error) {
        this.#options.onError(error)
        await sleep(RETRY_MS)
      }
    }
  }
}

/** The movements from one position to another. */
interface Step {
  readonly from: LogPosition
  readonly to: LogPosition
  readonly rows: readonly MovementRow[]
}

class FeedPartition {
  readonly partition: Partition
  /** The position up to which all movements have been passed on. */
  position = 0n as LogPosition
  wanted = 0n as LogPosition
  advancing: Deferred<void> | null = null
  /** Set when the log's history was replaced: nothing more of this partition is passed on. */
  ended = false
  /** Steps that have not been passed on yet, in order. */
  #steps: Step[] = []

  constructor(partition: Partition) {
    this.partition = partition
  }

  /** Keeps the step, unless too many movements are pending. In that case they are read later. */
  keep(step: Step): void {
    const kept = this.#steps.reduce((sum, { rows }) => sum + rows.length, step.rows.length)
    if (kept > MAX_PENDING) return
    this.#steps.push(step)
    this.#steps.sort((a, b) => (a.from < b.from ? -1 : 1))
  }

  /** The first step that ends beyond the position. */
  next(): Step | undefined {
    this.#steps = this.#steps.filter(({ to }) => to > this.position)
    return this.#steps[0]
  }

  goTo(position: LogPosition): void {
    if (position > this.position) this.position = position
    this.#steps = this.#steps.filter(({ to }) => to > this.position)
  }
}
