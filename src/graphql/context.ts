/** The context of resolvers. */
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

/** Creates and checks tokens and cursors. */
export interface LogAccess {
  /** The log's epoch when the request arrived. */
  readonly epoch: Epoch
  readonly admit: Consistency['admit']
  readonly partitionOf: (sku: Sku) => Partition
}

/**
 * All rows of a key if memory holds them and is up to date with the progress that this process has seen. A row that changes
 * becomes a new object. Undefined: the rows have to be read from the database.
 */
export interface RowsInMemory {
  readonly products: (sku: Sku) => readonly AvailabilityRow[] | undefined
  readonly orders: (id: OrderId) => readonly OrderRow[] | undefined
}

/** The root of queries. In a mutation's payload, queries are consistent with the command. */
export interface QueryRoot {
  readonly consistentWith: AskedToken | null
}

/** A batch, independent of the projection that it comes from. */
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

/** An order's rows, one per partition. */
export interface OrderView {
  readonly id: OrderId
  readonly rows: readonly OrderRow[]
}
