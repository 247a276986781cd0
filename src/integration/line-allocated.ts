/**
 * Publishes every allocation to other systems through the Redis stream `line_allocated`: at least once, in the order of the log.
 * The stream is written before the checkpoint moves, so a crash between the two repeats some entries. A repeated entry has the same
 * `position`.
 */
import type { LogPosition } from '../domain/values.ts'
import type { Session } from '../lib/postgres.ts'
import type { RedisLink } from '../lib/redis.ts'
import type { Partition } from '../log/partition.ts'
import { LOG_ORIGIN } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'
import { createLogReader } from '../log/read.ts'
import { createCheckpoints } from '../projector/checkpoint.ts'
import type { Consumer } from '../projector/consumer.ts'
import { pointInLog, putBack } from '../projector/lost-checkpoint.ts'
import { checkpoints } from '../projector/tables.ts'

export const LINE_ALLOCATED = 'line_allocated'

/** Limit on the length of the stream; older entries are trimmed. */
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
    evict() {},
  }
}

/** Where the relay begins when it is first switched on. */
export type RelayBeginning = 'now' | 'start'

/**
 * Makes sure that the relay has a checkpoint in each partition. When the relay is first switched on, the checkpoints start at
 * `beginning`. Later it continues from its checkpoint or, if the log lacks that point, as after a restore, from the last commit
 * before it.
 *
 * @param onLost called for each partition in which the log lacked the relay's checkpoint
 */
export async function beginLineAllocatedRelay(
  session: Session,
  partitions: number,
  beginning: RelayBeginning,
  onLost: (partition: Partition, position: LogPosition, continuesFrom: LogPosition) => void,
): Promise<void> {
  const { db } = session
  const { hold, move } = createCheckpoints(db)
  await session.transaction(async () => {
    const rows = Array.from({ length: partitions }, (_, partition) => ({
      projection: LINE_ALLOCATED,
      partition,
    }))
    const added = await db
      .insert(checkpoints)
      .values(rows)
      .onConflictDoNothing()
      .returning({ partition: checkpoints.partition })
    const isNew = new Set(added.map(({ partition }) => partition))
    const held = new Map<Partition, LogPoint>()
    for (const { partition } of rows) held.set(partition, await hold(LINE_ALLOCATED, partition))
    // Read the heads after taking the locks, because another process may advance until then.
    const heads = await createLogReader(db).heads()
    for (const [partition, checkpoint] of held) {
      const point = await pointInLog(db, partition, checkpoint)
      if (point !== checkpoint) {
        onLost(partition, checkpoint.position, point.position)
        await putBack(db, LINE_ALLOCATED, partition, point)
      } else if (isNew.has(partition) && beginning === 'now') {
        await move(LINE_ALLOCATED, partition, heads.get(partition) ?? LOG_ORIGIN)
      }
    }
  })
}
