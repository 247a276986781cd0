/**
 * What an API process knows of the projections as they change, and whom it tells.
 *
 * Changes come from projectors, in this process or through channels, each with the positions it leads from and
 * to. They are hints: the projections are the truth. A change that does not begin where the hub is, or a
 * checkpoint that is ahead of it, means that something was missed, and it is read again. So a lost message costs a
 * moment, never a state.
 *
 * Positions are true in one history of the log only. When another has taken its place, the hub forgets all that it knows, and
 * begins anew in a new epoch: see `LogHistory`.
 *
 * A process with a projector is told every change with its rows. From others it hears how far they have come, and of the rows
 * only those of the shards that it watches.
 */
import { allPartitions } from '../log/partition.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint } from '../log/point.ts'
import type { LogReplaced } from '../log/replaced.ts'
import type { Epoch } from '../log/token.ts'
import { availability } from '../projection/availability.ts'
import type { AvailabilityRow } from '../projection/availability.ts'
import type { Ledger } from '../projection/ledger.ts'
import { movements } from '../projection/movements.ts'
import type { MovementRow } from '../projection/movements.ts'
import { orders } from '../projection/orders.ts'
import type { OrderRow } from '../projection/orders.ts'
import type { PointReads } from '../projection/point-reads.ts'
import type { ProjectedRow } from '../projector/projection.ts'
import type { Change } from '../projector/projector.ts'
import type { Channel, Channels } from './channels.ts'
import { noChannels } from './channels.ts'
import { LedgerFeed } from './ledger-feed.ts'
import { Progress } from '../progress/progress.ts'
import { StateFeed } from './state-feed.ts'
import { decodeRows } from './wire.ts'
import type { ChangedRows, Progressed } from './wire.ts'

export interface HubOptions {
  readonly partitions: number
  readonly epoch: Epoch
  readonly availability: PointReads<AvailabilityRow>
  readonly orders: PointReads<OrderRow>
  readonly ledger: Pick<Ledger, 'range' | 'moved'>
  /** The ledger for those who resume, on connections of its own. */
  readonly replays: Pick<Ledger, 'range'>
  /** A read failed and is tried again. */
  readonly onError: (error: unknown) => void
}

export interface Checkpoint extends LogPoint {
  readonly projection: string
  readonly partition: Partition
  /** Another one than before: the projection was made anew, and its rows may be others. */
  readonly generation: number
}

type Feed = Pick<StateFeed<ProjectedRow>, 'connect' | 'apply' | 'announce' | 'refresh' | 'replace'>

/** So long movements may come after their announcement. */
const GRACE_MS = 20
/** Of more steps that the hub was not told of, the oldest movements are dropped; they are read once they are announced. */
const MAX_EARLY = 100

export class Hub {
  /** Changes of which the hub was not told, so that what is watched was read again. */
  gaps = 0
  /** Times that anything could have been missed. */
  resets = 0
  readonly progress = new Progress()
  readonly products: StateFeed<AvailabilityRow>
  readonly orders: StateFeed<OrderRow>
  readonly ledger: LedgerFeed
  readonly #partitions: readonly Partition[]
  /** The products and the orders, by the name of their projection. */
  readonly #feeds: ReadonlyMap<string, Feed>
  readonly #generations = new Map<string, number>()
  readonly #progressListeners = new Set<(projection: string) => void>()
  #channels: Channels = noChannels
  #movements: readonly Channel[] = []
  /** Movements that came before their step was announced, and steps whose movements have not come. */
  readonly #early = new Map<string, ChangedRows>()
  readonly #awaited = new Set<string>()

  constructor(options: HubOptions) {
    const { availability: products, orders: ofOrders, ledger, replays, partitions, epoch, onError } = options
    const position = (projection: string) => (partition: Partition) =>
      this.progress.position(projection, partition)
    this.products = new StateFeed({
      keyOf: (row) => row.sku,
      load: products.many,
      position: position(availability.name),
      epoch,
      onError,
    })
    this.orders = new StateFeed({
      keyOf: (row) => row.orderId,
      load: ofOrders.many,
      position: position(orders.name),
      epoch,
      onError,
    })
    this.ledger = new LedgerFeed({
      ledger,
      replays,
      partitions,
      epoch,
      onFollowed: (followed) => this.#hearMovements(followed),
      onError,
    })
    this.#partitions = allPartitions(partitions)
    this.#feeds = new Map<string, Feed>([
      [availability.name, this.products],
      [orders.name, this.orders],
    ])
  }

  /** Hears rows from other processes through these channels. To be called before anybody subscribes. */
  connect(channels: Channels): void {
    this.#channels = channels
    for (const [name, feed] of this.#feeds) {
      feed.connect((shard, onRows) =>
        channels.open(`rows:${name}:${shard}`, (message) => onRows(decodeRows(name, message))),
      )
    }
  }

  /** A projector of this process has committed a change. */
  take({ projection, partition, from, to, rows }: Change): void {
    const missed = from.position > this.progress.position(projection, partition)
    if (!this.progress.advance(projection, partition, to, from)) return
    const feed = this.#feeds.get(projection)
    feed?.apply(rows)
    if (missed) this.#fillGap(feed)
    if (projection === movements.name)
      this.ledger.apply(partition, from.position, to.position, rows as readonly MovementRow[])
    this.#tellProgress(projection)
  }

  /** A projector of another process has; the rows that are of interest here come by themselves. */
  announce({ projection, partition, from, to, shards }: Progressed): void {
    const missed = from.position > this.progress.position(projection, partition)
    if (!this.progress.advance(projection, partition, to, from)) return
    const feed = this.#feeds.get(projection)
    feed?.announce(partition, to, shards)
    if (missed) this.#fillGap(feed)
    if (projection === movements.name) this.#expectMovements(partition, to)
    this.#tellProgress(projection)
  }

  /** Checkpoints as the database has them, before anyone has subscribed. */
  begin(checkpoints: readonly Checkpoint[]): void {
    for (const { projection, partition, position, tag, generation } of checkpoints) {
      this.#generations.set(`${projection} ${partition}`, generation)
      this.progress.advance(projection, partition, { position, tag }, null)
      if (projection === movements.name) this.ledger.begin(partition, position)
    }
  }

  /** Another history has taken the log's place; these are its checkpoints. Whoever waits or watches is told. */
  replace(epoch: Epoch, checkpoints: readonly Checkpoint[], replaced: LogReplaced): void {
    this.resets += 1
    this.progress.reset(replaced)
    this.#early.clear()
    this.#awaited.clear()
    this.ledger.replace(epoch, replaced)
    this.begin(checkpoints)
    for (const feed of this.#feeds.values()) feed.replace(epoch, replaced)
    for (const { projection } of checkpoints) this.#tellProgress(projection)
  }

  /** Checkpoints as the database has them now: whatever is ahead of the hub was missed. */
  catchUp(checkpoints: readonly Checkpoint[]): void {
    for (const { projection, partition, position, tag, generation } of checkpoints) {
      const at = `${projection} ${partition}`
      if (this.#generations.get(at) !== generation) void this.#feeds.get(projection)?.refresh()
      this.#generations.set(at, generation)
      if (!this.progress.advance(projection, partition, { position, tag }, null)) continue
      this.#fillGap(this.#feeds.get(projection))
      if (projection === movements.name) void this.ledger.reach(partition, position)
      this.#tellProgress(projection)
    }
  }

  /** Anything may have been missed: reads again all that is watched. */
  refresh(): void {
    this.resets += 1
    for (const feed of this.#feeds.values()) void feed.refresh()
  }

  /** @returns a function that ends it */
  onProgress(listener: (projection: string) => void): () => void {
    this.#progressListeners.add(listener)
    return () => this.#progressListeners.delete(listener)
  }

  #fillGap(feed: Feed | undefined): void {
    this.gaps += 1
    void feed?.refresh()
  }

  #hearMovements(followed: boolean): void {
    for (const channel of this.#movements) channel.close()
    this.#early.clear()
    this.#movements = !followed
      ? []
      : this.#partitions.map((partition) =>
          this.#channels.open(`movements:${partition}`, (message) =>
            this.#takeMovements(decodeRows(movements.name, message)),
          ),
        )
  }

  #takeMovements(step: ChangedRows): void {
    const name = nameOf(step.partition, step.to)
    if (this.#awaited.delete(name)) return this.#applyMovements(step)
    if (step.to.position <= this.progress.position(movements.name, step.partition)) return
    this.#early.set(name, step)
    const [oldest] = this.#early.keys()
    if (this.#early.size > MAX_EARLY) this.#early.delete(oldest as string)
  }

  #applyMovements({ partition, from, to, rows }: ChangedRows): void {
    if (!this.ledger.has(partition, to.position))
      this.ledger.apply(partition, from.position, to.position, rows() as unknown as MovementRow[])
  }

  #expectMovements(partition: Partition, to: LogPoint): void {
    const name = nameOf(partition, to)
    const early = this.#early.get(name)
    this.#early.delete(name)
    if (early !== undefined) return this.#applyMovements(early)
    if (this.ledger.followers === 0) return void this.ledger.reach(partition, to.position)
    this.#awaited.add(name)
    const read = () => {
      if (this.#awaited.delete(name)) void this.ledger.reach(partition, to.position)
    }
    // What lies in the socket by then is taken first: the timer may be late.
    setTimeout(() => setImmediate(read), GRACE_MS)
  }

  #tellProgress(projection: string): void {
    for (const listener of this.#progressListeners) listener(projection)
  }
}

/** Of a step, by where it ends. */
const nameOf = (partition: Partition, { position, tag }: LogPoint): string =>
  `${partition} ${position} ${tag}`
