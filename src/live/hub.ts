/**
 * What an API process knows of the projections as they change, and whom it tells.
 *
 * Changes come from projectors, in this process or through a transport, each with the positions it leads from and
 * to. They are hints: the projections are the truth. A change that does not begin where the hub is, or a
 * checkpoint that is ahead of it, means that something was missed, and it is read again. So a lost message costs a
 * moment, never a state.
 */
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { AvailabilityRow } from '../projection/availability.ts'
import type { Ledger } from '../projection/ledger.ts'
import type { MovementRow } from '../projection/movements.ts'
import type { OrderRow } from '../projection/orders.ts'
import type { PointReads } from '../projection/point-reads.ts'
import type { Change } from '../projector/projector.ts'
import { LedgerFeed } from './ledger-feed.ts'
import { Progress } from './progress.ts'
import { StateFeed } from './state-feed.ts'

export interface HubOptions {
  readonly partitions: number
  readonly availability: PointReads<AvailabilityRow>
  readonly orders: PointReads<OrderRow>
  readonly ledger: Pick<Ledger, 'range'>
  /** A read failed and is tried again. */
  readonly onError: (error: unknown) => void
}

export interface Checkpoint {
  readonly projection: string
  readonly partition: Partition
  readonly position: LogPosition
}

export class Hub {
  readonly progress = new Progress()
  readonly products: StateFeed<AvailabilityRow>
  readonly orders: StateFeed<OrderRow>
  readonly ledger: LedgerFeed
  readonly #progressListeners = new Set<(projection: string) => void>()

  constructor(options: HubOptions) {
    const { availability, orders, ledger, partitions, onError } = options
    this.products = new StateFeed({ keyOf: (row) => row.sku, load: availability.many, onError })
    this.orders = new StateFeed({ keyOf: (row) => row.orderId, load: orders.many, onError })
    this.ledger = new LedgerFeed({ ledger, partitions, onError })
  }

  /** A projector has committed a change. */
  take({ projection, partition, from, to, rows }: Change): void {
    const missed = from > this.progress.position(projection, partition)
    if (!this.progress.advance(projection, partition, to)) return
    switch (projection) {
      case 'availability':
        this.products.apply(rows as readonly AvailabilityRow[])
        if (missed) void this.products.refresh()
        break
      case 'orders':
        this.orders.apply(rows as readonly OrderRow[])
        if (missed) void this.orders.refresh()
        break
      case 'movements':
        this.ledger.apply(partition, from, to, rows as readonly MovementRow[])
        break
      default:
    }
    this.#tellProgress(projection)
  }

  /** Checkpoints as the database has them, before anyone has subscribed. */
  begin(checkpoints: readonly Checkpoint[]): void {
    for (const { projection, partition, position } of checkpoints) {
      this.progress.advance(projection, partition, position)
      if (projection === 'movements') this.ledger.begin(partition, position)
    }
  }

  /** Checkpoints as the database has them now: whatever is ahead of the hub was missed. */
  catchUp(checkpoints: readonly Checkpoint[]): void {
    for (const { projection, partition, position } of checkpoints) {
      if (!this.progress.advance(projection, partition, position)) continue
      if (projection === 'availability') void this.products.refresh()
      if (projection === 'orders') void this.orders.refresh()
      if (projection === 'movements') void this.ledger.reach(partition, position)
      this.#tellProgress(projection)
    }
  }

  /** @returns a function that ends it */
  onProgress(listener: (projection: string) => void): () => void {
    this.#progressListeners.add(listener)
    return () => this.#progressListeners.delete(listener)
  }

  #tellProgress(projection: string): void {
    for (const listener of this.#progressListeners) listener(projection)
  }
}
