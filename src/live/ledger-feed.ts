/**
 * The ledger as a stream: every movement, in a partition's order, none left out and none twice.
 *
 * A follower is told of movements as they come, within the same turn of the event loop. The feed reads what it missed before it
 * goes on. Whoever begins in the past reads pages until it is where followers are.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogPosition, Sku } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { Ledger } from '../projection/ledger.ts'
import type { MovementRow } from '../projection/movements.ts'

export interface LedgerFeedOptions {
  readonly ledger: Pick<Ledger, 'range'>
  readonly partitions: number
  /** Somebody follows now, or nobody any more. */
  readonly onFollowed: (followed: boolean) => void
  /** Reading failed and is tried again. */
  readonly onError: (error: unknown) => void
}

const PAGE_ROWS = 500
const RETRY_MS = 250

/** The last position that is known, in each partition that matters. */
export type LedgerCursor = ReadonlyMap<Partition, LogPosition>

type Follower = (movement: MovementRow) => void

export class LedgerFeed {
  readonly #options: LedgerFeedOptions
  readonly #partitions: FeedPartition[]
  readonly #followers = new Followers()

  constructor(options: LedgerFeedOptions) {
    this.#options = options
    this.#partitions = Array.from(
      { length: options.partitions },
      (_, partition) => new FeedPartition(partition),
    )
  }

  get followers(): number {
    return this.#followers.size
  }

  /** Where the feed is now, in these partitions. */
  cursor(partitions: readonly Partition[]): LedgerCursor {
    return new Map(partitions.map((partition) => [partition, this.#position(partition)]))
  }

  /** The ledger stands at `position`, before any follower has come. */
  begin(partition: Partition, position: LogPosition): void {
    const feed = this.#partitions[partition]
    if (feed !== undefined && position > feed.position) feed.position = position
  }

  /** The movements after the events `from + 1` to `to`. */
  apply(partition: Partition, from: LogPosition, to: LogPosition, rows: readonly MovementRow[]): void {
    const feed = this.#partitions[partition]
    if (feed === undefined || to <= feed.position) return
    if (feed.catchingUp === null && from <= feed.position) this.#deliver(feed, to, rows)
    else void this.#catchUp(feed, to)
  }

  /** The ledger is known to reach `to`; what has not come by then is read. */
  async reach(partition: Partition, to: LogPosition): Promise<void> {
    const feed = this.#partitions[partition]
    if (feed !== undefined && to > feed.position) await this.#catchUp(feed, to)
  }

  /**
   * Tells of every movement from where the feed is now.
   *
   * @param sku only this product's; null for all
   * @returns a function that ends it
   */
  follow(sku: Sku | null, follower: Follower): () => void {
    const { onFollowed } = this.#options
    const leave = this.#followers.add(sku, follower)
    if (this.#followers.size === 1) onFollowed(true)
    return () => {
      if (leave() && this.#followers.size === 0) onFollowed(false)
    }
  }

  /** The movements up to there have been told. */
  has(partition: Partition, to: LogPosition): boolean {
    return to <= this.#position(partition)
  }

  /** The cursor knows more than the feed: it comes from a process that was ahead of this one. */
  isBehind(cursor: LedgerCursor): boolean {
    return [...cursor].some(([partition, position]) => position > this.#position(partition))
  }

  /**
   * The next movements on the way to where the feed is; at most a page.
   *
   * @returns with the cursor after them; the same cursor where there is nothing to read
   */
  async read(
    sku: Sku | null,
    cursor: LedgerCursor,
  ): Promise<{ movements: readonly MovementRow[]; cursor: LedgerCursor }> {
    for (const [partition, after] of cursor) {
      const upTo = this.#position(partition)
      if (after >= upTo) continue
      const movements = await this.#read(partition, sku, after, upTo)
      const last = movements.length < PAGE_ROWS ? upTo : (movements.at(-1) as MovementRow).position
      return { movements, cursor: new Map([...cursor, [partition, last]]) }
    }
    return { movements: [], cursor }
  }

  #position(partition: Partition): LogPosition {
    return this.#partitions[partition]?.position ?? (0n as LogPosition)
  }

  #deliver(feed: FeedPartition, to: LogPosition, rows: readonly MovementRow[]): void {
    const fresh = rows.filter(({ position }) => position > feed.position)
    feed.position = to
    for (const row of fresh) this.#followers.tell(row)
  }

  /** Reads what is missing, up to `to` and whatever is asked for meanwhile, and delivers it. */
  async #catchUp(feed: FeedPartition, to: LogPosition): Promise<void> {
    if (feed.catchingUp === null && this.#followers.size === 0) {
      // There is nobody to read it for.
      feed.position = to
      return
    }
    if (to > feed.wanted) feed.wanted = to
    feed.catchingUp ??= this.#readMissing(feed)
    await feed.catchingUp
  }

  async #readMissing(feed: FeedPartition): Promise<void> {
    while (feed.position < feed.wanted) {
      const upTo = feed.wanted
      // Those it was read for may have left.
      const page =
        this.#followers.size === 0 ? [] : await this.#read(feed.partition, null, feed.position, upTo)
      this.#deliver(feed, page.length < PAGE_ROWS ? upTo : (page.at(-1) as MovementRow).position, page)
    }
    // In the same turn as the last look at what is wanted, or what comes between would be read by nobody.
    feed.catchingUp = null
  }

  async #read(
    partition: Partition,
    sku: string | null,
    after: LogPosition,
    upTo: LogPosition,
  ): Promise<MovementRow[]> {
    for (;;) {
      try {
        return await this.#options.ledger.range(partition, sku, after, upTo, PAGE_ROWS)
      } catch (error) {
        this.#options.onError(error)
        await sleep(RETRY_MS)
      }
    }
  }
}

class FeedPartition {
  readonly partition: Partition
  /** All movements up to here have been told. */
  position = 0n as LogPosition
  wanted = 0n as LogPosition
  catchingUp: Promise<void> | null = null

  constructor(partition: Partition) {
    this.partition = partition
  }
}

/** Found by product, for there may be thousands of them, each with one of its own. */
class Followers {
  readonly #bySku = new Map<Sku | null, Set<Follower>>()
  size = 0

  /** @returns a function that removes it, and says whether it was there */
  add(sku: Sku | null, follower: Follower): () => boolean {
    const set = this.#bySku.get(sku) ?? new Set()
    this.#bySku.set(sku, set.add(follower))
    this.size += 1
    return () => {
      if (!set.delete(follower)) return false
      this.size -= 1
      if (set.size === 0) this.#bySku.delete(sku)
      return true
    }
  }

  tell(row: MovementRow): void {
    for (const follower of this.#bySku.get(null) ?? []) follower(row)
    for (const follower of this.#bySku.get(row.sku) ?? []) follower(row)
  }
}
