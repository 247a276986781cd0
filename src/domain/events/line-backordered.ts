import type { EventKind } from './event-kind.ts'
import { lineFields, mustWait, waitingLine } from './line.ts'
import type { LineEvent } from './line.ts'

/** No batch has enough units for the line, so it waits and keeps its queue position. */
export interface LineBackordered extends LineEvent {
  readonly type: 'LineBackordered'
}

export const lineBackordered: EventKind<LineBackordered> = {
  fields: lineFields,
  batchChange: () => null,
  lineAfter: (event, before, position) => waitingLine(event, before?.placed ?? position),
  movement: ({ quantity }) => ({ type: 'BACKORDERED', quantity }),
  contradiction: mustWait,
}
