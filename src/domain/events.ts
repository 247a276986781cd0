/**
 * Lists all kinds of events. To add a kind, write its file in `events/`, then add it to the union `Event` and to the map
 * `eventKinds`.
 */
import { backorderCancelled } from './events/backorder-cancelled.ts'
import type { BackorderCancelled } from './events/backorder-cancelled.ts'
import { batchCreated } from './events/batch-created.ts'
import type { BatchCreated } from './events/batch-created.ts'
import { batchQuantityChanged } from './events/batch-quantity-changed.ts'
import type { BatchQuantityChanged } from './events/batch-quantity-changed.ts'
import type { BatchChange, EventKind } from './events/event-kind.ts'
import { lineAllocated } from './events/line-allocated.ts'
import type { LineAllocated } from './events/line-allocated.ts'
import { lineBackordered } from './events/line-backordered.ts'
import type { LineBackordered } from './events/line-backordered.ts'
import { lineDeallocated } from './events/line-deallocated.ts'
import type { LineDeallocated } from './events/line-deallocated.ts'
import type { LineEvent } from './events/line.ts'
import type { BatchReference, CommandId, LogPosition } from './values.ts'

export type Event =
  BatchCreated | BatchQuantityChanged | LineAllocated | LineDeallocated | LineBackordered | BackorderCancelled

export const eventKinds = {
  BatchCreated: batchCreated,
  BatchQuantityChanged: batchQuantityChanged,
  LineAllocated: lineAllocated,
  LineDeallocated: lineDeallocated,
  LineBackordered: lineBackordered,
  BackorderCancelled: backorderCancelled,
} satisfies { readonly [Type in Event['type']]: EventKind<Extract<Event, { type: Type }>> }

/** An event with its log position, its time and the command that caused it. */
export interface RecordedEvent {
  readonly position: LogPosition
  readonly recordedAt: Date
  readonly commandId: CommandId
  readonly event: Event
}

/** The definition of an event's kind. */
export const kindOf = ({ type }: Event): EventKind<Event> => eventKinds[type] as EventKind<Event>

export const isEventType = (type: string): type is Event['type'] => Object.hasOwn(eventKinds, type)

export const batchChange = (event: Event): BatchChange | null => kindOf(event).batchChange(event)

/** The batch that an event concerns; null if it concerns none. */
export const batchOf = (event: Event): BatchReference | null => batchChange(event)?.reference ?? null

/** Whether an event concerns an order line. */
export const isLineEvent = (event: Event): event is Extract<Event, LineEvent> => 'orderId' in event
