import type { Database } from '../lib/postgres.ts'
import { createProgressRead } from '../projector/progress.ts'
import type { PartitionProgress } from '../projector/progress.ts'
import { projections } from './all.ts'
import { availability } from './availability.ts'
import type { AvailabilityRow } from './availability.ts'
import { batches } from './batches.ts'
import type { BatchRow } from './batches.ts'
import { createLedger } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { orders } from './orders.ts'
import type { OrderRow } from './orders.ts'
import { createPointReads } from './point-reads.ts'
import type { PointReads } from './point-reads.ts'
import { createProductList } from './product-list.ts'
import type { ListProducts } from './product-list.ts'

/** All reads of the projections. */
export interface Reads {
  readonly availability: PointReads<AvailabilityRow>
  readonly batches: PointReads<BatchRow>
  readonly orders: PointReads<OrderRow>
  readonly products: ListProducts
  readonly ledger: Ledger
  /** The progress of all projections in each partition. */
  readonly progress: () => Promise<PartitionProgress[]>
}

/**
 * @param db connected as the role that can read only the schema `views`
 * @param others further consumers of the log, whose projections are outside of Postgres
 */
export function createReads(db: Database, partitions: number, others: readonly string[] = []): Reads {
  return {
    availability: createPointReads(db, availability, partitions),
    batches: createPointReads(db, batches, partitions),
    orders: createPointReads(db, orders, partitions),
    products: createProductList(db, partitions),
    ledger: createLedger(db, partitions),
    progress: createProgressRead(db, [...projections.map(({ name }) => name), ...others]),
  }
}
