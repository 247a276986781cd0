import type { AllocateRequest } from '../support/stock.ts'

/** One of the compared ways to allocate stock. Each has its own database. */
export interface Allocator {
  readonly name: string
  /**
   * Resolves once the allocation is durable.
   *
   * @param caller the number of the caller; each has its own connection if callers have connections
   * @throws Error if the command was rejected, because in a bench there is always enough stock
   */
  readonly allocate: (request: AllocateRequest, caller: number) => Promise<void>
  /** Whether the server is another process, whose core the load does not use. */
  readonly servedElsewhere: boolean
  /** Number of events that its projections have not applied yet, if it has projections. */
  readonly lag: (() => Promise<number>) | null
}
