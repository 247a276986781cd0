/**
 * Handles a checkpoint that the log does not have, for example after a restore of only some tables. The consumer stops, because
 * nothing shows which events it has taken. `onhand rebuild` rebuilds the projection and moves the checkpoint back into the log.
 */
import { and, eq, gte } from 'drizzle-orm'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import { isInLog, lastCommitEnd } from '../log/commit-ends.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint } from '../log/point.ts'
import { createCheckpoints } from './checkpoint.ts'
import { checkpointPositions } from './tables.ts'

/** @returns a sentence without its subject, to put after the name of a consumer */
export function describeLost(consumer: string, position: LogPosition, head: LogPosition): string {
  const where =
    position > head
      ? `is at ${position}, ahead of the log, which ends at ${head}`
      : `is at event ${position} of another history than the log's: their tags differ`
  return `${where}. Run \`onhand rebuild ${consumer}\`.`
}

/** The checkpoint; if the log lacks it, the end of the last commit before it. */
export async function pointInLog(
  db: Database,
  partition: Partition,
  checkpoint: LogPoint,
): Promise<LogPoint> {
  return (await isInLog(db, partition, checkpoint))
    ? checkpoint
    : lastCommitEnd(db, partition, checkpoint.position)
}

/** Replaces a checkpoint that the log lacks. The caller must hold its lock. */
export async function putBack(
  db: Database,
  consumer: string,
  partition: Partition,
  to: LogPoint,
): Promise<void> {
  await db
    .delete(checkpointPositions)
    .where(
      and(
        eq(checkpointPositions.partition, partition),
        eq(checkpointPositions.projection, consumer),
        gte(checkpointPositions.position, to.position),
      ),
    )
  const { move, renew } = createCheckpoints(db)
  await move(consumer, partition, to)
  await renew(consumer, partition)
}
