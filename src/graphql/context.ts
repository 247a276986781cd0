/** What resolvers are given. */
import type { CommandRequest, Outcome } from '../command/request.ts'
import type { BatchReference, CalendarDate, OrderId, Sku } from '../domain/values.ts'
import type { AskedToken, AwaitConsistency, Consistency } from '../progress/consistency.ts'
import type { Partition } from '../log/partition.ts'
import type { Epoch } from '../log/token.ts'
import type { AvailabilityRow } from '../projection/availability.ts'
import type { OrderRow } from '../projection/orders.ts'
import type { Reads } from '../projection/read-side.ts'

export interface ApiContext {
  readonly requestId: string
  readonly dispatch: (request: CommandRequest) => Promise<Outcome>
  readonly reads: Reads
  readonly memory: RowsInMemory
  readonly consistent: AwaitConsistency
  readonly log: LogAccess
}

/** What tokens and cursors are made of, and checked against. */
export interface LogAccess {
  /** The present one when the request came. */
  readonly epoch: Epoch
  readonly admit: Consistency['admit']
  readonly partitionOf: (sku: Sku) => Partition
}

/**
 * All rows of a key, as far as they are in memory: as new as the projections are known to be here, and other objects as soon
 * as they have changed. Undefined: they have to be read.
 */
export interface RowsInMemory {
  readonly products: (sku: Sku) => readonly AvailabilityRow[] | undefined
  readonly orders: (id: OrderId) => readonly OrderRow[] | undefined
}

/** Where queries begin. In a mutation's payload they are consistent with the command. */
export interface QueryRoot {
  readonly consistentWith: AskedToken | null
}

/** A batch, from whichever projection it comes. */
export interface BatchView {
  readonly reference: BatchReference
  readonly sku: Sku
  readonly eta: CalendarDate | null
  readonly purchased: number
  readonly allocated: number
  readonly reserved: number
  readonly available: number
  readonly version: string
}

/** An order's rows, one a partition. */
export interface OrderView {
  readonly id: OrderId
  readonly rows: readonly OrderRow[]
}
