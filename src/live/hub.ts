/**
 * Receives the changes of the projections in an API process, and passes them on to its feeds and listeners.
 *
 * Changes come from projectors, in this process or through channels, each with the points at which its step begins and ends. They
 * are hints; the projections are the truth. If a change does not begin at the hub's position, or a checkpoint is ahead of it, the
 * hub has missed something and reads the watched rows again. So a lost message delays a state but never loses it.
 *
 * Positions are valid in one history of the log only. When another history replaces it, the hub discards everything it remembers
 * and starts again in a new epoch: see `LogHistory`.
 *
 * From a projector of its own process, the hub receives every change with its rows. From other processes it receives their
 * positions, and rows only of the shards that it watches.
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
  /** The ledger for clients that resume, on separate connections. */
  readonly replays: Pick<Ledger, 'range'>
  /** Called when a read has failed. The hub retries it. */
  readonly onError: (error: unknown) => void
}

export interface Checkpoint extends LogPoint {
  readonly projection: string
  readonly partition: Partition
  /** Changes when the projection's table is replaced, so that its rows may differ. */
  readonly generation: number
}

type Feed = Pick<StateFeed<ProjectedRow>, 'connect' | 'apply' | 'announce' | 'refresh' | 'replace'>

/** How long the hub waits for the movements of an announced step before it reads them. */
const GRACE_MS = 20
/** From how many unannounced steps the hub keeps movements. It drops the oldest, and reads them when they are announced. */
const MAX_EARLY = 100

export class Hub {
  /** How many gaps the hub has found in the changes. It reads the watched rows again after each. */
  gaps = 0
  /** How many times the hub has read everything again, because any change could have been missed. */
  resets = 0
  readonly progress = new Progress()
  readonly products: StateFeed<AvailabilityRow>
  readonly orders: StateFeed<OrderRow>
  readonly ledger: LedgerFeed
  readonly #partitions: readonly Partition[]
  /** The feeds of products and orders, by the name of their projection. */
  readonly #feeds: ReadonlyMap<string, Feed>
  readonly #generations = new Map<string, number>()
  readonly #progressListeners = new Set<(projection: string) => void>()
  #channels: Channels = noChannels
  #movements: readonly Channel[] = []
  /** Movements that arrived before their step was announced. */
  readonly #early = new Map<string, ChangedRows>()
  /** Announced steps whose movements have not arrived. */
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
      onFollowed: (followed) => this.#listenForMovements(followed),
      onError,
    })
    this.#partitions = allPartitions(partitions)
    this.#feeds = new Map<string, Feed>([
      [availability.name, this.products],
      [orders.name, this.orders],
    ])
  }

  /** Receives rows from other processes through these channels. Must be called before anyone subscribes. */
  connect(channels: Channels): void {
    this.#channels = channels
    for (const [name, feed] of this.#feeds) {
      feed.connect((shard, onRows) =>
        channels.open(`rows:${name}:${shard}`, (message) => onRows(decodeRows(name, message))),
      )
    }
  }

  /** Takes a change that a projector of this process has committed. */
  take({ projection, partition, from, to, rows }: Change): void {
    const missed = from.position > this.progress.position(projection, partition)
    if (!this.progress.advance(projection, partition, to, from)) return
    const feed = this.#feeds.get(projection)
    feed?.apply(rows)
    if (missed) this.#fillGap(feed)
    if (projection === movements.name)
      this.ledger.apply(partition, from.position, to.position, rows as readonly MovementRow[])
    this.#notifyProgress(projection)
  }

  /** Takes the announcement of a change by another process. The rows arrive separately, on the channels of watched shards. */
  announce({ projection, partition, from, to, shards }: Progressed): void {
    const missed = from.position > this.progress.position(projection, partition)
    if (!this.progress.advance(projection, partition, to, from)) return
    const feed = this.#feeds.get(projection)
    feed?.announce(partition, to, shards)
    if (missed) this.#fillGap(feed)
    if (projection === movements.name) this.#expectMovements(partition, to)
    this.#notifyProgress(projection)
  }

  /** Sets the initial positions to the checkpoints in the database, before anyone has subscribed. */
  begin(checkpoints: readonly Checkpoint[]): void {
    for (const { projection, partition, position, tag, generation } of checkpoints) {
      this.#generations.set(`${projection} ${partition}`, generation)
      this.progress.advance(projection, partition, { position, tag }, null)
      if (projection === movements.name) this.ledger.begin(partition, position)
    }
  }

  /** Starts again at the checkpoints of another history, which has replaced the log. Waiters and watchers are notified. */
  replace(epoch: Epoch, checkpoints: readonly Checkpoint[], replaced: LogReplaced): void {
    this.resets += 1
    this.progress.reset(replaced)
    this.#early.clear()
    this.#awaited.clear()
    this.ledger.replace(epoch, replaced)
    this.begin(checkpoints)
    for (const feed of this.#feeds.values()) feed.replace(epoch, replaced)
    for (const { projection } of checkpoints) this.#notifyProgress(projection)
  }

  /** Compares with the current checkpoints in the database. Where they are ahead of the hub, it has missed changes. */
  catchUp(checkpoints: readonly Checkpoint[]): void {
    for (const { projection, partition, position, tag, generation } of checkpoints) {
      const at = `${projection} ${partition}`
      if (this.#generations.get(at) !== generation) void this.#feeds.get(projection)?.refresh()
      this.#generations.set(at, generation)
      if (!this.progress.advance(projection, partition, { position, tag }, null)) continue
      this.#fillGap(this.#feeds.get(projection))
      if (projection === movements.name) void this.ledger.reach(partition, position)
      this.#notifyProgress(projection)
    }
  }

  /** Reads all watched rows again, because any change may have been missed. */
  refresh(): void {
    this.resets += 1
    for (const feed of this.#feeds.values()) void feed.refresh()
  }

  /** @returns a function that removes the listener */
  onProgress(listener: (projection: string) => void): () => void {
    this.#progressListeners.add(listener)
    return () => this.#progressListeners.delete(listener)
  }

  #fillGap(feed: Feed | undefined): void {
    this.gaps += 1
    void feed?.refresh()
  }

  #listenForMovements(followed: boolean): void {
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
    const name = stepKey(step.partition, step.to)
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
    const name = stepKey(partition, to)
    const early = this.#early.get(name)
    this.#early.delete(name)
    if (early !== undefined) return this.#applyMovements(early)
    if (this.ledger.followers === 0) return void this.ledger.reach(partition, to.position)
    this.#awaited.add(name)
    const read = () => {
      if (this.#awaited.delete(name)) void this.ledger.reach(partition, to.position)
    }
    // The timer may be late, so first take the messages that have arrived in the socket.
    setTimeout(() => setImmediate(read), GRACE_MS)
  }

  #notifyProgress(projection: string): void {
    for (const listener of this.#progressListeners) listener(projection)
  }
}

/** Identifies a step by its end. */
const stepKey = (partition: Partition, { position, tag }: LogPoint): string =>
  `${partition} ${position} ${tag}`
