import type { EventKind } from './event-kind.ts'
import { lineFields, mustWait } from './line.ts'
import type { LineEvent } from './line.ts'

/** The customer has cancelled a waiting line. */
export interface BackorderCancelled extends LineEvent {
  readonly type: 'BackorderCancelled'
}

export const backorderCancelled: EventKind<BackorderCancelled> = {
  fields: lineFields,
  batchChange: () => null,
  lineAfter: () => undefined,
  movement: ({ quantity }) => ({ type: 'BACKORDER_CANCELLED', quantity }),
  contradiction: mustWait,
}
