import type { BatchReference, CalendarDate, LogPosition } from '../values.ts'
import type { EventKind } from './event-kind.ts'
import { quantityContradiction, lineFields, describeLine, waitingLine } from './line.ts'
import type { LineEvent } from './line.ts'

/**
 * The line has left its batch. With cause `REQUESTED`, the line is removed. With cause `BATCH_REDUCED`, it waits for stock at
 * the queue position `placed`, and `LineAllocated` or `LineBackordered` follows in the same commit.
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
      ? `${describeLine(event)} is not allocated in ${batchReference}`
      : quantityContradiction(event, line)
  },
}
