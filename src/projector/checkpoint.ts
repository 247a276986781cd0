/**
 * Reads and moves the checkpoints of consumers. The process that runs a consumer locks the consumer's row in `checkpoints`, which
 * rarely changes. Positions are appended to a second table, where the last one counts. `tables.ts` explains why.
 */
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { LOG_ORIGIN } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'
import { checkpointPositions, checkpoints, skippedEvents } from './tables.ts'

export interface Checkpoint extends LogPoint {
  /** Changes when the consumer's table is replaced. */
  readonly generation: number
  /** Why the consumer stopped before the next event; null while it runs. */
  readonly error: string | null
}

export interface Checkpoints {
  /** Locks the consumer's checkpoint until the transaction ends, and returns it; null if another process has the lock. */
  readonly lock: (consumer: string, partition: Partition) => Promise<Checkpoint | null>
  /** Does the same as `lock`, but waits for the lock. */
  readonly hold: (consumer: string, partition: Partition) => Promise<LogPoint>
  /** The current checkpoint, without a lock. */
  readonly read: (consumer: string, partition: Partition) => Promise<LogPoint>
  readonly move: (consumer: string, partition: Partition, to: LogPoint) => Promise<void>
  /** @param error why the consumer has stopped; null if it continues */
  readonly stop: (consumer: string, partition: Partition, error: string | null) => Promise<void>
  /** Raises the generation, because the consumer's rows were replaced: every cache of them becomes invalid. */
  readonly renew: (consumer: string, partition: Partition) => Promise<void>
  /** Deletes the positions before this one. */
  readonly sweep: (consumer: string, partition: Partition, before: LogPosition) => Promise<void>
  /** Whether an operator has marked this event to be skipped by the consumer. */
  readonly skips: (consumer: string, partition: Partition, position: LogPosition) => Promise<boolean>
}

/** Creates the checkpoints that do not exist yet. */
export async function ensureCheckpoints(
  db: Database,
  names: readonly string[],
  partitions: number,
): Promise<void> {
  const rows = names.flatMap((projection) =>
    Array.from({ length: partitions }, (_, partition) => ({ projection, partition })),
  )
  await db.insert(checkpoints).values(rows).onConflictDoNothing()
}

export function createCheckpoints(db: Database): Checkpoints {
  const where = and(
    eq(checkpoints.partition, sql.placeholder('partition')),
    eq(checkpoints.projection, sql.placeholder('consumer')),
  )
  const positionsOf = and(
    eq(checkpointPositions.partition, sql.placeholder('partition')),
    eq(checkpointPositions.projection, sql.placeholder('consumer')),
  )
  const state = () =>
    db.select({ generation: checkpoints.generation, error: checkpoints.error }).from(checkpoints).where(where)
  const lock = state().for('update', { skipLocked: true }).prepare('lock_checkpoint')
  const hold = state().for('update').prepare('hold_checkpoint')
  const last = db
    .select({ position: checkpointPositions.position, tag: checkpointPositions.tag })
    .from(checkpointPositions)
    .where(positionsOf)
    .orderBy(desc(checkpointPositions.position))
    .limit(1)
    .prepare('last_position')
  const move = db
    .insert(checkpointPositions)
    .values({
      partition: sql.placeholder('partition'),
      projection: sql.placeholder('consumer'),
      position: sql`${sql.placeholder('position')}::bigint`,
      tag: sql`${sql.placeholder('tag')}::bigint`,
    })
    .prepare('move_checkpoint')
  const stop = db
    .update(checkpoints)
    .set({ error: sql`${sql.placeholder('error')}::text` })
    .where(where)
    .prepare('stop_checkpoint')
  const renew = db
    .update(checkpoints)
    .set({ generation: sql`${checkpoints.generation} + 1`, error: null })
    .where(where)
    .prepare('renew_checkpoint')
  const sweep = db
    .delete(checkpointPositions)
    .where(and(positionsOf, lt(checkpointPositions.position, sql.placeholder('before'))))
    .prepare('sweep_positions')
  const skipped = db
    .select({ position: skippedEvents.position })
    .from(skippedEvents)
    .where(
      and(
        eq(skippedEvents.partition, sql.placeholder('partition')),
        eq(skippedEvents.projection, sql.placeholder('consumer')),
        eq(skippedEvents.position, sql.placeholder('position')),
      ),
    )
    .prepare('skipped_event')

  return {
    async lock(consumer, partition) {
      // The second statement runs after the first has got the lock, so it sees the commits of the previous holder.
      const [[locked], [reached]] = await Promise.all([
        lock.execute({ consumer, partition }),
        last.execute({ consumer, partition }),
      ])
      return locked === undefined ? null : { ...(reached ?? LOG_ORIGIN), ...locked }
    },
    async hold(consumer, partition) {
      const [, [reached]] = await Promise.all([
        hold.execute({ consumer, partition }),
        last.execute({ consumer, partition }),
      ])
      return reached ?? LOG_ORIGIN
    },
    read: async (consumer, partition) => (await last.execute({ consumer, partition }))[0] ?? LOG_ORIGIN,
    async move(consumer, partition, { position, tag }) {
      await move.execute({ consumer, partition, position: String(position), tag: String(tag) })
    },
    async stop(consumer, partition, error) {
      await stop.execute({ consumer, partition, error })
    },
    async renew(consumer, partition) {
      await renew.execute({ consumer, partition })
    },
    async sweep(consumer, partition, before) {
      await sweep.execute({ consumer, partition, before })
    },
    skips: async (consumer, partition, position) =>
      (await skipped.execute({ consumer, partition, position })).length > 0,
  }
}
