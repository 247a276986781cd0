/**
 * Events as stored JSON and back. A stored type is a contract for ever: when an event changes shape, what is in
 * the log stays, and the older form is turned into today's here and nowhere else.
 */
import type { Event, LineDeallocated } from '../domain/messages.ts'
import { parseLogPosition } from '../domain/values.ts'

export interface StoredEvent {
  readonly type: string
  readonly data: unknown
}

/** An event of a newer release, or a corrupt one. */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent'
}

export function encodeEvent(event: Event): StoredEvent {
  const { type, ...data } = event
  // JSON has no bigint; positions are strings on every wire.
  if ('placed' in data) return { type, data: { ...data, placed: String(data.placed) } }
  return { type, data }
}

export function decodeEvent({ type, data }: StoredEvent): Event {
  switch (type as Event['type']) {
    case 'LineDeallocated': {
      const stored = data as Omit<LineDeallocated, 'type' | 'placed'> & { placed: string }
      return { type: 'LineDeallocated', ...stored, placed: parseLogPosition(stored.placed) }
    }
    case 'BatchCreated':
    case 'BatchQuantityChanged':
    case 'LineAllocated':
    case 'LineBackordered':
    case 'BackorderCancelled':
      return { type, ...(data as object) } as Event
    default:
      throw new UnknownEvent(
        `The log holds an event of type ${type}, which this release of Onhand does not know.`,
      )
  }
}
