/**
 * Events as stored JSON and back. A stored type is a contract for ever: if an event changes shape, what is in the log stays,
 * and the older form is turned into today's here and nowhere else.
 */
import { eventKinds, isEventType } from '../domain/events.ts'
import type { Event } from '../domain/events.ts'
import { parseLogPosition } from '../domain/values.ts'

export interface StoredEvent {
  readonly type: string
  readonly data: unknown
}

/** An event of a newer release, or a corrupt one. */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent'
}

/** The fields of each type of event that are positions. JSON has no bigint, so they are stored as strings. */
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
      `The log holds an event of type ${type}, which this release of Onhand does not know.`,
    )
  const event: Record<string, unknown> = { type, ...(data as object) }
  for (const field of positions[type] ?? []) event[field] = parseLogPosition(event[field] as string)
  return event as unknown as Event
}
