/** For `onhand verify`: checks that an event follows from those before it, and that a commit leaves a batch valid. */
import { kindOf } from '../../domain/events.ts'
import type { StockBefore } from '../../domain/events/event-kind.ts'
import type { Batch } from '../../domain/product.ts'
import type { LogPosition } from '../../domain/values.ts'
import type { Partition } from '../../log/partition.ts'
import type { LoggedEvent } from '../../log/read.ts'

/** @returns what is wrong with the event; null if it follows from those before it */
export function checkEvent(
  partition: Partition,
  { position, event }: Pick<LoggedEvent, 'position' | 'event'>,
  before: StockBefore,
): string | null {
  const wrong = kindOf(event).contradiction(event, before)
  return wrong === null ? null : `event ${partition}:${position} (${event.type}): ${wrong}`
}

/** @returns what is wrong with a batch after a commit; null if nothing is */
export function checkBatch(
  partition: Partition,
  position: LogPosition,
  batch: Batch | undefined,
): string | null {
  if (batch === undefined || (batch.allocated >= 0 && batch.allocated <= batch.quantity)) return null
  const { reference, allocated, quantity } = batch
  return `the commit that ends at ${partition}:${position} left batch ${reference} with ${allocated} of ${quantity} units allocated`
}
