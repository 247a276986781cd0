/**
 * Converts events to stored JSON and back. Stored events never change: if a release gives an event type another shape, only
 * this file converts the older form to the current one.
 */
import { eventKinds, isEventType } from '../domain/events.ts'
import type { Event } from '../domain/events.ts'
import { parseLogPosition } from '../domain/values.ts'

export interface StoredEvent {
  readonly type: string
  readonly data: unknown
}

/** The stored event was written by a newer release, or it is corrupt. */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent'
}

/** The fields of each event type that hold positions. JSON has no bigint, so positions are stored as strings. */
const positions: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(eventKinds).map(([type, { fields }]) => [
    type,
    Object.entries(fields).flatMap(([field, of]) => (of === 'position' ? [field] : [])),
  ]),
)

export function encodeEvent(event: Event): StoredEvent {
  const { type, ...fields } = event
  const data: Record<string, unknown> = fields
  for (const field of positions[type] ?? []) data[field] = String(data[field])
  return { type, data }
}

/** @throws UnknownEvent */
export function decodeEvent({ type, data }: StoredEvent): Event {
  if (!isEventType(type))
    throw new UnknownEvent(
      `The log has an event of type ${type}, which this release of Onhand does not support.`,
    )
  const event: Record<string, unknown> = { type, ...(data as object) }
  for (const field of positions[type] ?? []) event[field] = parseLogPosition(event[field] as string)
  return event as unknown as Event
}
