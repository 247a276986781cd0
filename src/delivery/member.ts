import type { Recipient } from '../live/stats.ts'
import type { Client } from '../admission/client-shares.ts'
import type { Frame } from './frame.ts'

/** One client's live operation, on whichever transport. */
export interface Member extends Recipient {
  /** On whose account it reads what has been before. */
  readonly client: Client
  /** Sends a result, or keeps it until the client takes more. Never throws, never waits. */
  next(frame: Frame): void
  /** Nothing more will come, because of this. Never throws. */
  fail(error: unknown): void
  /** Results are being kept. */
  readonly congested: boolean
  /** Until none is kept any more, or the client is gone. */
  drained(): Promise<void>
}
