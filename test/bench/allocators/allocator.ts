import type { AllocateRequest } from '../support/stock.ts'

/** One of the ways to allocate stock that are measured beside each other, each with a database of its own. */
export interface Allocator {
  readonly name: string
  /**
   * Resolves once the allocation is durable.
   *
   * @param caller has a connection of its own, where callers have connections
   * @throws Error if it was refused; in a bench there is always enough
   */
  readonly allocate: (request: AllocateRequest, caller: number) => Promise<void>
  /** The load runs beside a server in another process, and keeps off its core. */
  readonly servedElsewhere: boolean
  /** Events that projections have not taken yet, if it has any. */
  readonly lag: (() => Promise<number>) | null
}
