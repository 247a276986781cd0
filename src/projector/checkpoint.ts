import { and, eq, sql } from 'drizzle-orm'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { checkpoints } from './tables.ts'

export interface Checkpoints {
  /** How far the projection is, locked until the transaction ends; null if another process has the lock. */
  lock(projection: string, partition: Partition): Promise<LogPosition | null>
  /** @param error why it stops there; null if it goes on */
  move(projection: string, partition: Partition, to: LogPosition, error: string | null): Promise<void>
}

export function createCheckpoints(db: Database): Checkpoints {
  const ofPartition = and(
    eq(checkpoints.projection, sql.placeholder('projection')),
    eq(checkpoints.partition, sql.placeholder('partition')),
  )
  const lock = db
    .select({ position: checkpoints.position })
    .from(checkpoints)
    .where(ofPartition)
    .for('update', { skipLocked: true })
    .prepare('lock_checkpoint')
  const move = db
    .update(checkpoints)
    .set({ position: sql`${sql.placeholder('to')}::bigint`, error: sql`${sql.placeholder('error')}::text` })
    .where(ofPartition)
    .prepare('move_checkpoint')

  return {
    async lock(projection, partition) {
      const [row] = await lock.execute({ projection, partition })
      return row?.position ?? null
    },
    async move(projection, partition, to, error) {
      await move.execute({ projection, partition, to: String(to), error })
    },
  }
}
