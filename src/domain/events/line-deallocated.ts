import type { BatchReference, CalendarDate, LogPosition } from '../values.ts'
import type { EventKind } from './event-kind.ts'
import { differs, lineFields, named, waitingLine } from './line.ts'
import type { LineEvent } from './line.ts'

/**
 * The line has left its batch. `REQUESTED`: it is gone. `BATCH_REDUCED`: it waits for stock from now on, at the place in the
 * queue that `placed` gives, and `LineAllocated` or `LineBackordered` follows in the same commit.
 */
export interface LineDeallocated extends LineEvent {
  readonly type: 'LineDeallocated'
  readonly batchReference: BatchReference
  readonly eta: CalendarDate | null
  readonly cause: 'REQUESTED' | 'BATCH_REDUCED'
  readonly placed: LogPosition
}

export const lineDeallocated: EventKind<LineDeallocated> = {
  fields: {
    ...lineFields,
    batchReference: 'id',
    eta: 'date',
    cause: ['REQUESTED', 'BATCH_REDUCED'],
    placed: 'position',
  },
  batchChange: ({ batchReference: reference, eta, quantity }) => ({
    reference,
    eta,
    purchased: 0,
    allocated: -quantity,
  }),
  lineAfter: (event) => (event.cause === 'REQUESTED' ? undefined : waitingLine(event, event.placed)),
  displaces: ({ cause }) => cause === 'BATCH_REDUCED',
  movement: ({ quantity, cause }) => ({ type: 'DEALLOCATED', quantity, reason: cause }),
  contradiction: (event, before) => {
    const { orderId, sku, batchReference } = event
    const line = before.line(orderId, sku)
    return line === undefined || line.batchReference !== batchReference
      ? `${named(event)} is not allocated in ${batchReference}`
      : differs(event, line)
  },
}
