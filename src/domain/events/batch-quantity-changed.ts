import type { BatchReference, CalendarDate, Quantity, Sku } from '../values.ts'
import type { EventKind } from './event-kind.ts'

export interface BatchQuantityChanged {
  readonly type: 'BatchQuantityChanged'
  readonly reference: BatchReference
  readonly sku: Sku
  readonly eta: CalendarDate | null
  readonly from: Quantity
  readonly to: Quantity
  readonly reason: string | null
}

export const batchQuantityChanged: EventKind<BatchQuantityChanged> = {
  fields: {
    reference: 'id',
    sku: 'id',
    eta: 'date',
    from: 'quantity',
    to: 'quantity',
    reason: 'text',
  },
  batchChange: ({ reference, eta, from, to }) => ({ reference, eta, purchased: to - from, allocated: 0 }),
  movement: ({ from, to, reason }) => ({ type: 'BATCH_QUANTITY_CHANGED', quantity: to - from, reason }),
  contradiction: ({ reference, from }, before) => {
    const batch = before.batch(reference)
    if (batch === undefined) return `there is no batch ${reference}`
    return batch.quantity === from ? null : `the batch ${reference} has ${batch.quantity} units, not ${from}`
  },
}
