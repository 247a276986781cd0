/**
 * Every allocation, told to other systems through the Redis stream `line_allocated`: at least once, and in the order of the log.
 * The stream is written before the checkpoint moves, so a crash between the two sends some entries again; `position` tells.
 */
import type { RedisLink } from '../lib/redis.ts'
import type { Consumer } from '../projector/consumer.ts'

export const LINE_ALLOCATED = 'line_allocated'

/** Older entries go when there are more. */
const MAX_STREAM_ENTRIES = 1_000_000

/** An entry has the fields `orderId`, `sku`, `quantity`, `batchReference`, `eta` (empty: in the warehouse) and `position`. */
export function createLineAllocatedRelay(redis: Pick<RedisLink, 'client'>): Consumer {
  return {
    name: LINE_ALLOCATED,
    async consume(partition, { events }) {
      const pipeline = redis.client().pipeline()
      for (const { event, position } of events) {
        if (event.type !== 'LineAllocated') continue
        const { orderId, sku, quantity, batchReference, eta } = event
        const fields = {
          orderId,
          sku,
          quantity,
          batchReference,
          eta: eta ?? '',
          position: `${partition}:${position}`,
        }
        pipeline.xadd(
          LINE_ALLOCATED,
          'MAXLEN',
          '~',
          MAX_STREAM_ENTRIES,
          '*',
          ...Object.entries(fields).flat(),
        )
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
      return { rows: [], failure: null }
    },
    forget() {},
  }
}
