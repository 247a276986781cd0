import type { BatchReference, CalendarDate } from '../values.ts'
import type { EventKind } from './event-kind.ts'
import { quantityContradiction, lineFields, describeLine } from './line.ts'
import type { LineEvent } from './line.ts'

/** A line, either new or waiting until now, has got all of its units from one batch. */
export interface LineAllocated extends LineEvent {
  readonly type: 'LineAllocated'
  readonly batchReference: BatchReference
  readonly eta: CalendarDate | null
}

export const lineAllocated: EventKind<LineAllocated> = {
  fields: { ...lineFields, batchReference: 'id', eta: 'date' },
  batchChange: ({ batchReference: reference, eta, quantity }) => ({
    reference,
    eta,
    purchased: 0,
    allocated: quantity,
  }),
  lineAfter: ({ orderId, sku, quantity, batchReference }, before, position) => ({
    orderId,
    sku,
    quantity,
    batchReference,
    placed: before?.placed ?? position,
  }),
  movement: ({ quantity }) => ({ type: 'ALLOCATED', quantity }),
  contradiction: (event, before) => {
    const { orderId, sku, batchReference } = event
    if (before.batch(batchReference) === undefined) return `there is no batch ${batchReference}`
    const line = before.line(orderId, sku)
    if (line === undefined) return null
    return line.batchReference === null
      ? quantityContradiction(event, line)
      : `${describeLine(event)} is allocated already, in ${line.batchReference}`
  },
}
