/**
 * How far consumers of the log have come. A consumer's row in `checkpoints` is locked by whoever works on it and rarely
 * changes; its positions are appended, and the last one counts. See the tables for why.
 */
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { LOG_ORIGIN } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'
import { checkpointPositions, checkpoints, skippedEvents } from './tables.ts'

export interface Checkpoint extends LogPoint {
  /** Another one than before means another table. */
  readonly generation: number
  /** Why the consumer stopped before the next event; null while it runs. */
  readonly error: string | null
}

export interface Checkpoints {
  /** How far the consumer is, locked until the transaction ends; null if another process has the lock. */
  readonly lock: (consumer: string, partition: Partition) => Promise<Checkpoint | null>
  /** As `lock`, but waits until the lock is free. */
  readonly hold: (consumer: string, partition: Partition) => Promise<LogPoint>
  /** How far the consumer is at this moment. */
  readonly read: (consumer: string, partition: Partition) => Promise<LogPoint>
  readonly move: (consumer: string, partition: Partition, to: LogPoint) => Promise<void>
  /** @param error why the consumer stops where it is; null: it goes on */
  readonly stop: (consumer: string, partition: Partition, error: string | null) => Promise<void>
  /** The consumer's rows are others than before: whoever remembers some forgets them. */
  readonly renew: (consumer: string, partition: Partition) => Promise<void>
  /** Deletes the positions before this one. */
  readonly sweep: (consumer: string, partition: Partition, before: LogPosition) => Promise<void>
  /** Whether an operator has told the consumer to leave this event out. */
  readonly skips: (consumer: string, partition: Partition, position: LogPosition) => Promise<boolean>
}

/** Checkpoints to begin with, where there are none yet. */
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
      // The second statement runs once the first has the lock, and sees what its last holder has committed.
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
