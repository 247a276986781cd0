import type { Recipient } from '../live/stats.ts'
import type { Client } from '../admission/client-shares.ts'
import type { Frame } from './frame.ts'

/** One client's live operation, on any transport. */
export interface Member extends Recipient {
  /** The client to charge for replays. */
  readonly client: Client
  /** Sends a result, or keeps it until the client reads on. Never throws, never waits. */
  next(frame: Frame): void
  /** Ends the operation with an error. Never throws. */
  fail(error: unknown): void
  /** Whether results are kept because the client does not read. */
  readonly congested: boolean
  /** Resolves when no results are kept any more, or the client has disconnected. */
  drained(): Promise<void>
}
