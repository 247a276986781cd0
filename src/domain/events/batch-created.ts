import type { BatchReference, CalendarDate, Quantity, Sku } from '../values.ts'
import type { EventKind } from './event-kind.ts'

export interface BatchCreated {
  readonly type: 'BatchCreated'
  readonly reference: BatchReference
  readonly sku: Sku
  readonly quantity: Quantity
  /** Null if the batch is in the warehouse. */
  readonly eta: CalendarDate | null
}

export const batchCreated: EventKind<BatchCreated> = {
  fields: { reference: 'id', sku: 'id', quantity: 'quantity', eta: 'date' },
  batchChange: ({ reference, eta, quantity }) => ({
    reference,
    eta,
    purchased: quantity,
    allocated: 0,
    isNew: true,
  }),
  movement: ({ quantity }) => ({ type: 'BATCH_CREATED', quantity }),
  contradiction: ({ reference }, { batch }) =>
    batch(reference) === undefined ? null : `the batch ${reference} exists already`,
}
