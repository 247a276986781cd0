/**
 * The ledger as a stream: every movement, in a partition's order, none left out and none twice.
 *
 * A subscriber is first replaying (it reads the ledger in pages, at its own pace), and once it has come to where
 * the feed is, it is live (the feed's movements are queued for it). Both happen within one turn of the event loop,
 * so nothing falls between. The feed itself reads what it missed before it goes on.
 *
 * Trade-off: a live subscriber that falls behind by more than its queue holds is cut off, for it can resume; the
 * alternatives are memory without bound, or movements left out.
 */
import type { LogPosition } from '../domain/values.ts'
import { deferred } from '../lib/deferred.ts'
import type { Deferred } from '../lib/deferred.ts'
import type { Partition } from '../log/partition.ts'
import type { Ledger } from '../projection/ledger.ts'
import type { MovementRow } from '../projection/movements.ts'

/** The subscriber took its movements too slowly. */
export class SlowConsumer extends Error {
  override readonly name = 'SlowConsumer'
}

export interface LedgerFeedOptions {
  readonly ledger: Pick<Ledger, 'range'>
  readonly partitions: number
  readonly maxQueuedMovements: number
  /** Reading failed and is tried again. */
  readonly onError: (error: unknown) => void
}

const PAGE_ROWS = 500
const RETRY_MS = 250

/** Where a subscriber stands: the last position it knows in each partition. */
export type LedgerCursor = ReadonlyMap<Partition, LogPosition>

export class LedgerFeed {
  readonly #options: LedgerFeedOptions
  readonly #partitions: FeedPartition[]

  constructor(options: LedgerFeedOptions) {
    this.#options = options
    this.#partitions = Array.from(
      { length: options.partitions },
      (_, partition) => new FeedPartition(partition),
    )
  }

  get subscribers(): number {
    return this.#partitions.reduce((sum, { queues }) => sum + queues.size, 0)
  }

  /** Where the feed is now. */
  get cursor(): LedgerCursor {
    return new Map(this.#partitions.map(({ partition, position }) => [partition, position]))
  }

  /** The ledger stands at `position`, before any subscriber has come. */
  begin(partition: Partition, position: LogPosition): void {
    const feed = this.#partitions[partition]
    if (feed !== undefined && position > feed.position) feed.position = position
  }

  /** The movements after the events `from + 1` to `to`. */
  apply(partition: Partition, from: LogPosition, to: LogPosition, rows: readonly MovementRow[]): void {
    const feed = this.#partitions[partition]
    if (feed === undefined || to <= feed.position) return
    if (feed.catchingUp === null && from <= feed.position) feed.deliver(to, rows)
    else void this.#catchUp(feed, to)
  }

  /** The ledger is known to reach `to`; what has not come by then is read. */
  async reach(partition: Partition, to: LogPosition): Promise<void> {
    const feed = this.#partitions[partition]
    if (feed !== undefined && to > feed.position) await this.#catchUp(feed, to)
  }

  /**
   * @param sku only this product's movements; null for all
   * @param partitions where they can be
   * @param after begin after this; what it does not say of a partition begins now
   * @throws SlowConsumer from the iterator
   */
  stream(
    sku: string | null,
    partitions: readonly Partition[],
    after: LedgerCursor,
  ): AsyncGenerator<MovementRow, void, void> {
    const queue = new Queue(sku, this.#options.maxQueuedMovements)
    const feeds = this.#partitions.filter(({ partition }) => partitions.includes(partition))
    const movements = this.#follow(feeds, sku, queue, after)
    // A generator that waits cannot be ended from outside; the queue that it waits for can.
    const end = movements.return.bind(movements)
    movements.return = () => {
      queue.close()
      return end()
    }
    return movements
  }

  async *#follow(
    feeds: readonly FeedPartition[],
    sku: string | null,
    queue: Queue,
    after: LedgerCursor,
  ): AsyncGenerator<MovementRow, void, void> {
    try {
      const startOf = (feed: FeedPartition) => after.get(feed.partition) ?? feed.position
      const starts = feeds.map((feed) => ({
        feed,
        start: startOf(feed),
        live: startOf(feed) >= feed.position,
      }))
      for (const { feed, start, live } of starts) if (live) feed.queues.set(queue, start)
      for (const { feed, start, live } of starts) if (!live) yield* this.#replay(feed, sku, queue, start)
      yield* queue.drain()
    } finally {
      for (const feed of feeds) feed.queues.delete(queue)
      queue.close()
    }
  }

  async *#replay(
    feed: FeedPartition,
    sku: string | null,
    queue: Queue,
    after: LogPosition,
  ): AsyncGenerator<MovementRow, void, void> {
    let at = after
    while (at < feed.position) {
      const upTo = feed.position
      const page = await this.#read(feed.partition, sku, at, upTo)
      yield* page
      at = page.length < PAGE_ROWS ? upTo : (page.at(-1) as MovementRow).position
    }
    feed.queues.set(queue, at)
  }

  /** Reads what is missing, up to `to` and whatever is asked for meanwhile, and delivers it. */
  async #catchUp(feed: FeedPartition, to: LogPosition): Promise<void> {
    if (to > feed.wanted) feed.wanted = to
    feed.catchingUp ??= this.#readMissing(feed).finally(() => {
      feed.catchingUp = null
    })
    await feed.catchingUp
  }

  async #readMissing(feed: FeedPartition): Promise<void> {
    while (feed.position < feed.wanted) {
      const upTo = feed.wanted
      // Without subscribers there is nobody to read it for.
      const page = feed.queues.size === 0 ? [] : await this.#read(feed.partition, null, feed.position, upTo)
      feed.deliver(page.length < PAGE_ROWS ? upTo : (page.at(-1) as MovementRow).position, page)
    }
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
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }
}

class FeedPartition {
  readonly partition: Partition
  /** All movements up to here have been delivered. */
  position = 0n as LogPosition
  wanted = 0n as LogPosition
  catchingUp: Promise<void> | null = null
  /** Live subscribers, each with the position it knows already: it may be ahead of the feed. */
  readonly queues = new Map<Queue, LogPosition>()

  constructor(partition: Partition) {
    this.partition = partition
  }

  deliver(to: LogPosition, rows: readonly MovementRow[]): void {
    for (const [queue, known] of this.queues) {
      for (const row of rows) if (row.position > this.position && row.position > known) queue.push(row)
    }
    this.position = to
  }
}

class Queue {
  readonly #sku: string | null
  readonly #max: number
  #rows: MovementRow[] = []
  #waiting: Deferred<void> | null = null
  #overflown = false
  #closed = false

  constructor(sku: string | null, max: number) {
    this.#sku = sku
    this.#max = max
  }

  push(row: MovementRow): void {
    if (this.#sku !== null && row.sku !== this.#sku) return
    if (this.#rows.length >= this.#max) {
      this.#overflown = true
      this.#rows = []
    }
    if (!this.#overflown) this.#rows.push(row)
    this.#waiting?.resolve()
  }

  close(): void {
    this.#closed = true
    this.#waiting?.resolve()
  }

  async *drain(): AsyncGenerator<MovementRow, void, void> {
    while (!this.#closed) {
      if (this.#overflown)
        throw new SlowConsumer('The subscriber takes movements more slowly than they come.')
      const rows = this.#rows
      this.#rows = []
      yield* rows
      if (this.#rows.length > 0 || this.#overflown) continue
      this.#waiting = deferred()
      await this.#waiting.promise
      this.#waiting = null
    }
  }
}
