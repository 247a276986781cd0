/**
 * The ledger as a stream: every movement, in a partition's order, none left out and none twice.
 *
 * A follower is told of movements as they come; of a few, within the same turn of the event loop. The feed reads what it missed
 * before it goes on. Whoever begins in the past reads pages until it is where followers are.
 *
 * One command can cause hundreds of thousands of movements. So many are neither kept nor told one by one: the feed goes past them,
 * and followers whom they concern read them as if they had been away, each at its own pace.
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
  /** For those who resume: reads that others do not wait for. */
  readonly replays: Pick<Ledger, 'range'>
  readonly partitions: number
  readonly epoch: Epoch
  /** Somebody follows now, or nobody any more. */
  readonly onFollowed: (followed: boolean) => void
  /** Reading failed and is tried again. */
  readonly onError: (error: unknown) => void
}

const PAGE_ROWS = 500
/** A page for one who resumes: each is made in one go, and others wait for that. */
const REPLAY_ROWS = 100
/** Products that one statement looks for. */
const MAX_SKUS = 1000
/** Movements that are told one by one, and kept until then. More are skipped. */
const MAX_TOLD = 5000
const SLICE_MS = 20
const RETRY_MS = 250

/** The last position that is known, in each partition that matters. */
export type LedgerCursor = ReadonlyMap<Partition, LogPosition>

export class LedgerFeed {
  readonly #options: LedgerFeedOptions
  /** Of the positions here. */
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

  /** Where the feed is now, in these partitions. */
  cursor(partitions: readonly Partition[]): LedgerCursor {
    return new Map(partitions.map((partition) => [partition, this.#position(partition)]))
  }

  /** The ledger stands at `position`, before any follower has come. */
  begin(partition: Partition, position: LogPosition): void {
    const feed = this.#partitions[partition]
    if (feed !== undefined && position > feed.position) feed.position = position
  }

  /** Another history has taken the log's place: what is followed ends here. `begin` says where the ledger stands now. */
  replace(epoch: Epoch, replaced: LogReplaced): void {
    this.epoch = epoch
    for (const feed of this.#partitions) feed.ended = true
    this.#partitions = this.#allPartitions()
    this.#followers.end(replaced)
  }

  /** The movements after the events `from + 1` to `to`. */
  apply(partition: Partition, from: LogPosition, to: LogPosition, rows: readonly MovementRow[]): void {
    const feed = this.#partitions[partition]
    if (feed === undefined || to <= feed.position) return
    feed.keep({ from, to, rows })
    void this.#advance(feed, to)
  }

  /** The ledger is known to reach `to`; what has not come by then is read. */
  async reach(partition: Partition, to: LogPosition): Promise<void> {
    const feed = this.#partitions[partition]
    if (feed !== undefined && to > feed.position) await this.#advance(feed, to)
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
   * The next movements on the way to where the feed is; at most a page, and as a replay.
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

  /** Goes to `to`, and to whatever is asked for meanwhile. */
  async #advance(feed: FeedPartition, to: LogPosition): Promise<void> {
    if (to > feed.wanted) feed.wanted = to
    if (feed.advancing !== null) return feed.advancing.promise
    const arrived = (feed.advancing = deferred())
    while (!feed.ended && feed.position < feed.wanted) {
      const next = feed.next()
      const upTo = next !== undefined && next.from > feed.position ? next.from : feed.wanted
      // Those it would be read for may have left.
      if (this.#followers.size === 0) feed.goTo(feed.wanted)
      else if (next !== undefined && next.from <= feed.position) await this.#tell(feed, next)
      else if (upTo - feed.position > MAX_TOLD) await this.#skip(feed, upTo)
      else await this.#readNext(feed, upTo)
    }
    // In the same turn as the last look at what is wanted, or what comes between would be told by nobody.
    feed.advancing = null
    arrived.resolve()
  }

  async #tell(feed: FeedPartition, { to, rows }: Step): Promise<void> {
    for (const row of rows) {
      if (feed.ended) return
      if (row.position <= feed.position) continue
      feed.position = row.position
      this.#followers.tell(row)
      if (this.#slices.isOver) await this.#slices.next()
    }
    feed.goTo(to)
  }

  async #readNext(feed: FeedPartition, upTo: LogPosition): Promise<void> {
    const { ledger } = this.#options
    const { partition, position } = feed
    const rows = await this.#retry(() => ledger.range(partition, null, position, upTo, PAGE_ROWS))
    const to = rows.length < PAGE_ROWS ? upTo : (rows.at(-1) as MovementRow).position
    await this.#tell(feed, { from: position, to, rows })
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
    // Whoever has come meanwhile was not asked for.
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

/** What happened from one position to another. */
interface Step {
  readonly from: LogPosition
  readonly to: LogPosition
  readonly rows: readonly MovementRow[]
}

class FeedPartition {
  readonly partition: Partition
  /** All movements up to here have been told. */
  position = 0n as LogPosition
  wanted = 0n as LogPosition
  advancing: Deferred<void> | null = null
  /** The log's history was replaced: what is under way here is told to nobody. */
  ended = false
  /** Steps to be told, in order. */
  #steps: Step[] = []

  constructor(partition: Partition) {
    this.partition = partition
  }

  /** Keeps the step, unless there is too much to tell already: then it is read. */
  keep(step: Step): void {
    const kept = this.#steps.reduce((sum, { rows }) => sum + rows.length, step.rows.length)
    if (kept > MAX_TOLD) return
    this.#steps.push(step)
    this.#steps.sort((a, b) => (a.from < b.from ? -1 : 1))
  }

  /** The first step that leads further. */
  next(): Step | undefined {
    this.#steps = this.#steps.filter(({ to }) => to > this.position)
    return this.#steps[0]
  }

  goTo(position: LogPosition): void {
    if (position > this.position) this.position = position
    this.#steps = this.#steps.filter(({ to }) => to > this.position)
  }
}
