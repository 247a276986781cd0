/**
 * Keeps availability in Redis up to date with the log, with its own consumer. Rows are written before the checkpoint moves. After a
 * crash between the two, events are read again, and those that a row already contains are skipped.
 *
 * Redis may be emptied, or be restored to an earlier state: then its position is behind the checkpoint. It may also be ahead of the
 * log, or belong to another history, after the database has lost its last commits: then the log lacks the newest point that Redis
 * names. In each case everything is rewritten from the projection in Postgres while the lock of its checkpoint holds the consumer
 * back. That projection is at least as far, so readers never see an older state of a product unless the log itself went back.
 */
import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm'
import type { Sku } from '../domain/values.ts'
import type { Database, Session } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { LOG_ORIGIN, samePoint } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'
import { availability, availabilityTable } from '../projection/availability.ts'
import type { AvailabilityRow } from '../projection/availability.ts'
import { createCheckpoints } from '../projector/checkpoint.ts'
import type { Consumer } from '../projector/consumer.ts'
import { createFold } from '../projector/fold.ts'
import { putBack } from '../projector/lost-checkpoint.ts'
import type { Projection } from '../projector/projection.ts'
import type { Rows } from '../projector/rows.ts'
import { checkpoints } from '../projector/tables.ts'
import { RedisLostData } from './redis-availability.ts'
import type { Mark, RedisAvailability } from './redis-availability.ts'

export const AVAILABILITY_REDIS = 'availability_redis'

/** The projection to restore from is behind, or lacks its own checkpoint in the log. */
export class CannotRestoreYet extends Error {
  override readonly name = 'CannotRestoreYet'
}

const MAX_CACHED_ROWS = 10_000
const PAGE_ROWS = 1000

const skippingAppliedEvents = {
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
    save: (_, changed) => redis.save(changed as readonly AvailabilityRow[]),
  }
  const fold = createFold(skippingAppliedEvents, rows, MAX_CACHED_ROWS)
  return {
    name: AVAILABILITY_REDIS,
    async consume(partition, step) {
      let { position, newest } = await redis.mark(partition)
      if (await isLost(db, partition, { position, newest }, step.from)) {
        fold.evict(partition)
        ;({ position, newest } = await restorePartition(db, redis, partition, step.from))
      }
      if (newest === null || step.to.position > newest.position) await redis.announce(partition, step.to)
      const consumed = await fold.consume(partition, step)
      // The rows that the events apply to may have been lost after the check.
      if (consumed.failure !== null && (await redis.mark(partition)).position !== position)
        throw new RedisLostData()
      if (consumed.failure === null && (position === null || step.to.position > position))
        await redis.move(partition, position, step.to.position)
      return { ...consumed, rows: [] }
    },
    evict: (partition) => fold.evict(partition),
  }
}

/** Whether Redis lacks something that was written to it, or may have something that the log lacks. */
export async function isLost(
  db: Database,
  partition: Partition,
  { position, newest }: Mark,
  checkpoint: LogPoint,
): Promise<boolean> {
  if (position === null || newest === null || position < checkpoint.position) return true
  return !samePoint(newest, checkpoint) && !(await isInLog(db, partition, newest))
}

async function isInLog(db: Database, partition: Partition, { position, tag }: LogPoint): Promise<boolean> {
  if (position === LOG_ORIGIN.position) return true
  const [row] = await db.execute<{ tag: string | null }>(
    sql`select views.tag_at(${partition}, ${String(position)}::bigint)::text as tag`,
  )
  // Checkpoints of earlier releases may have no tag.
  return (row?.tag ?? '0') === String(tag)
}

/**
 * Rewrites everything while the consumer waits.
 *
 * @param when whether to rewrite only partitions that have lost something, or all
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
      const checkpoint = await hold(AVAILABILITY_REDIS, partition)
      if (!(await isInLog(session.db, partition, checkpoint))) {
        await restoreLost(session.db, redis, partition)
        continue
      }
      const mark = await redis.mark(partition)
      if (when === 'always' || (await isLost(session.db, partition, mark, checkpoint)))
        await restorePartition(session.db, redis, partition, checkpoint)
      // Consumers that cache rows may have computed them from lost ones.
      await renew(AVAILABILITY_REDIS, partition)
    }
  })
}

/** Restores a partition whose checkpoint the log lacks. Redis continues from the checkpoint of availability in Postgres. */
async function restoreLost(db: Database, redis: RedisAvailability, partition: Partition): Promise<void> {
  const point = await createCheckpoints(db).read(availability.name, partition)
  if (!(await isInLog(db, partition, point)))
    throw new CannotRestoreYet(
      `Run \`onhand rebuild ${availability.name}\` first: the log lacks its checkpoint, too.`,
    )
  await restorePartition(db, redis, partition, point)
  await putBack(db, AVAILABILITY_REDIS, partition, point)
}

/** Must run in a transaction that holds the checkpoint. */
async function restorePartition(
  db: Database,
  redis: RedisAvailability,
  partition: Partition,
  checkpoint: LogPoint,
): Promise<Mark> {
  const before = await redis.mark(partition)
  const { read } = createCheckpoints(db)
  const { position } = await read(availability.name, partition)
  if (position < checkpoint.position) {
    throw new CannotRestoreYet(
      `Availability in Postgres is at ${position}, in Redis at ${checkpoint.position}.`,
    )
  }
  await writeRows(db, redis, partition)
  await redis.removeOthers(partition, (skus) => existingProducts(db, partition, skus))
  // The projection, and with it some rows, may have advanced meanwhile.
  const newest = await read(availability.name, partition)
  await redis.announce(partition, newest)
  await redis.move(partition, before.position, position)
  return { position, newest }
}

async function writeRows(db: Database, redis: RedisAvailability, partition: Partition): Promise<void> {
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
    if (last === undefined || rows.length < PAGE_ROWS) return
    after = last.sku
  }
}

async function existingProducts(
  db: Database,
  partition: Partition,
  skus: readonly string[],
): Promise<Set<string>> {
  const rows = await db
    .select({ sku: availabilityTable.sku })
    .from(availabilityTable)
    .where(
      and(eq(availabilityTable.partition, partition), inArray(availabilityTable.sku, skus as readonly Sku[])),
    )
  return new Set(rows.map(({ sku }) => sku))
}
