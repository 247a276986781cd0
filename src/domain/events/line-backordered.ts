import type { EventKind } from './event-kind.ts'
import { lineFields, mustWait, waitingLine } from './line.ts'
import type { LineEvent } from './line.ts'

/** No batch can take the line; it keeps its place in the queue. */
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
