import { and, eq, sql } from 'drizzle-orm'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { checkpoints, skippedEvents } from './tables.ts'

export interface Checkpoint {
  readonly position: LogPosition
  /** Another one than before means another table. */
  readonly generation: number
}

export interface Checkpoints {
  /** How far the consumer is, locked until the transaction ends; null if another process has the lock. */
  readonly lock: (consumer: string, partition: Partition) => Promise<Checkpoint | null>
  /** @param error why it stops there; null if it goes on */
  readonly move: (
    consumer: string,
    partition: Partition,
    to: LogPosition,
    error: string | null,
  ) => Promise<void>
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
  const ofPartition = and(
    eq(checkpoints.projection, sql.placeholder('consumer')),
    eq(checkpoints.partition, sql.placeholder('partition')),
  )
  const lock = db
    .select({ position: checkpoints.position, generation: checkpoints.generation })
    .from(checkpoints)
    .where(ofPartition)
    .for('update', { skipLocked: true })
    .prepare('lock_checkpoint')
  const move = db
    .update(checkpoints)
    .set({ position: sql`${sql.placeholder('to')}::bigint`, error: sql`${sql.placeholder('error')}::text` })
    .where(ofPartition)
    .prepare('move_checkpoint')
  const skipped = db
    .select({ position: skippedEvents.position })
    .from(skippedEvents)
    .where(
      and(
        eq(skippedEvents.projection, sql.placeholder('consumer')),
        eq(skippedEvents.partition, sql.placeholder('partition')),
        eq(skippedEvents.position, sql.placeholder('position')),
      ),
    )
    .prepare('skipped_event')

  return {
    lock: async (consumer, partition) => (await lock.execute({ consumer, partition }))[0] ?? null,
    async move(consumer, partition, to, error) {
      await move.execute({ consumer, partition, to: String(to), error })
    },
    skips: async (consumer, partition, position) =>
      (await skipped.execute({ consumer, partition, position })).length > 0,
  }
}
