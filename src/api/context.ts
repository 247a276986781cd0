/** What resolvers are given. */
import type { CommandRequest, Outcome } from '../command/request.ts'
import type { BatchReference, CalendarDate, OrderId, Sku } from '../domain/values.ts'
import type { AskedToken, AwaitConsistency } from '../live/consistency.ts'
import type { OrderRow } from '../projection/orders.ts'
import type { Reads } from '../projection/read-side.ts'

export interface ApiContext {
  readonly requestId: string
  readonly dispatch: (request: CommandRequest) => Promise<Outcome>
  readonly reads: Reads
  readonly consistent: AwaitConsistency
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
