/**
 * Keeps availability in Redis as the log says, by a consumer of its own. Rows are written before the checkpoint moves; after a
 * crash between the two, events come again, and those that a row knows already are passed over.
 *
 * Redis may be emptied, or come back as it was a while ago. What it says of how far it is then lies behind the checkpoint, and
 * everything is written anew from the Postgres projection, while the consumer is held by its checkpoint's lock. That has come
 * at least as far, so that no reader sees a product go back.
 */
import { and, asc, eq, gt } from 'drizzle-orm'
import type { LogPosition, Sku } from '../domain/values.ts'
import type { Database, Session } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { availability, availabilityTable } from '../projection/availability.ts'
import type { AvailabilityRow } from '../projection/availability.ts'
import { createCheckpoints } from '../projector/checkpoint.ts'
import type { Consumer } from '../projector/consumer.ts'
import { createFold } from '../projector/fold.ts'
import type { Projection } from '../projector/projection.ts'
import type { Rows } from '../projector/rows.ts'
import { checkpoints } from '../projector/tables.ts'
import { RedisLostData } from './redis-availability.ts'
import type { RedisAvailability } from './redis-availability.ts'

export const AVAILABILITY_REDIS = 'availability_redis'

/** The projection that restoring reads from is behind; in a moment it is not. */
export class CannotRestoreYet extends Error {
  override readonly name = 'CannotRestoreYet'
}

const MAX_CACHED_ROWS = 10_000
const PAGE_ROWS = 1000

const ORIGIN = 0n as LogPosition

const passingOverKnown = {
  ...availability,
  name: AVAILABILITY_REDIS,
  fold: (current, recorded, partition) =>
    current !== undefined && current.position >= recorded.position
      ? current
      : availability.fold(current, recorded, partition),
} satisfies Projection<AvailabilityRow>

export function createReadModel(db: Database, redis: RedisAvailability): Consumer {
  const rows: Rows = {
    load: (_, skus) => redis.load(skus),
    save: (changed) => redis.save(changed as readonly AvailabilityRow[]),
  }
  const fold = createFold(passingOverKnown, rows, MAX_CACHED_ROWS)
  return {
    name: AVAILABILITY_REDIS,
    async consume(partition, step) {
      let known = await redis.position(partition)
      if (isLost(known, step.from)) {
        fold.forget(partition)
        known = await restorePartition(db, redis, partition, step.from)
      }
      const consumed = await fold.consume(partition, step)
      // What rows are folded onto may have been lost since it was looked at.
      if (consumed.failure !== null && (await redis.position(partition)) !== known) throw new RedisLostData()
      if (consumed.failure === null && (known === null || step.to > known))
        await redis.move(partition, known, step.to)
      return { ...consumed, rows: [] }
    },
    forget: (partition) => fold.forget(partition),
  }
}

/** What Redis says of how far it is, against what was written to it. */
export const isLost = (known: LogPosition | null, checkpoint: LogPosition): boolean =>
  (known ?? ORIGIN) < checkpoint

/**
 * Writes everything anew, where something is lost or in any case, while the consumer waits.
 *
 * @throws CannotRestoreYet
 */
export async function restoreReadModel(
  session: Session,
  redis: RedisAvailability,
  when: 'lost' | 'always',
): Promise<void> {
  await session.transaction(async () => {
    const { hold, renew } = createCheckpoints(session.db)
    const held = await session.db
      .select({ partition: checkpoints.partition })
      .from(checkpoints)
      .where(eq(checkpoints.projection, AVAILABILITY_REDIS))
      .orderBy(asc(checkpoints.partition))
    for (const { partition } of held) {
      const { position } = await hold(AVAILABILITY_REDIS, partition)
      if (when === 'always' || isLost(await redis.position(partition), position))
        await restorePartition(session.db, redis, partition, position)
      // Whoever remembers rows may have folded them onto lost ones.
      await renew(AVAILABILITY_REDIS, partition)
    }
  })
}

/** In a transaction that holds the checkpoint. */
async function restorePartition(
  db: Database,
  redis: RedisAvailability,
  partition: Partition,
  checkpoint: LogPosition,
): Promise<LogPosition> {
  const before = await redis.position(partition)
  const { position } = await createCheckpoints(db).read(availability.name, partition)
  if (position < checkpoint)
    throw new CannotRestoreYet(`Availability in Postgres is at ${position}, in Redis at ${checkpoint}.`)
  let after: Sku | null = null
  for (;;) {
    const rows: AvailabilityRow[] = await db
      .select()
      .from(availabilityTable)
      .where(
        and(
          eq(availabilityTable.partition, partition),
          after === null ? undefined : gt(availabilityTable.sku, after),
        ),
      )
      .orderBy(asc(availabilityTable.sku))
      .limit(PAGE_ROWS)
    await redis.save(rows, 'all')
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE_ROWS) break
    after = last.sku
  }
  await redis.move(partition, before, position)
  return position
}
