import { batchChange } from '../domain/events.ts'
import type { RecordedEvent } from '../domain/events.ts'

/** The units of a batch. */
export interface BatchUnits {
  readonly purchased: number
  readonly allocated: number
  readonly reserved: number
  readonly available: number
}

const NONE = { purchased: 0, allocated: 0, reserved: 0 }

/**
 * @param batch the units before the event; undefined if the batch does not exist yet
 * @throws Error if the event concerns no batch, or a batch that has not been created
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
