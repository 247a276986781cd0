import { batchChange } from '../domain/events.ts'
import type { RecordedEvent } from '../domain/events.ts'

/** What is in a batch, in units. */
export interface BatchUnits {
  readonly purchased: number
  readonly allocated: number
  readonly reserved: number
  readonly available: number
}

const NONE = { purchased: 0, allocated: 0, reserved: 0 }

/**
 * @param batch what is in the batch before the event; undefined if there is no such batch yet
 * @throws Error if the event does not concern a batch, or one that has not been created
 */
export function unitsAfter(
  { event, position }: RecordedEvent,
  batch: Omit<BatchUnits, 'available'> | undefined,
): BatchUnits {
  const change = batchChange(event)
  if (change === null) throw new Error(`Event ${position} of type ${event.type} concerns no batch.`)
  const before = change.isNew ? NONE : batch
  if (before === undefined)
    throw new Error(`No batch ${change.reference} has been created before event ${position}.`)
  const { reserved } = before
  const purchased = before.purchased + change.purchased
  const allocated = before.allocated + change.allocated
  return { purchased, allocated, reserved, available: purchased - allocated - reserved }
}
