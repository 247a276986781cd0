import { sql } from 'drizzle-orm'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import { groupBy } from '../lib/group-by.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint, LogTag } from '../log/point.ts'
import { describeLost } from './lost-checkpoint.ts'

/** One projection in one partition, beside the log. */
export interface PartitionProgress extends LogPoint {
  readonly projection: string
  readonly partition: Partition
  readonly head: LogPoint
  /** False: the log has no commit that ends there, so nothing may rely on this position. The error says so, too. */
  readonly isInLog: boolean
  readonly error: string | null
  readonly waitingSince: Date | null
  /** Another one than before means another table. */
  readonly generation: number
}

/** Of the projections that stand on the log. */
export const onLog = (rows: readonly PartitionProgress[]): PartitionProgress[] =>
  rows.filter(({ isInLog }) => isInLog)

/** One projection over all partitions. */
export interface ProjectionProgress {
  readonly name: string
  readonly position: bigint
  readonly head: bigint
  /** Events not taken yet. */
  readonly lag: number
  /** How long the first of them has been waiting. */
  readonly lagMs: number
  readonly status: 'LIVE' | 'CATCHING_UP' | 'STOPPED'
}

/** A projection that is behind by no more than this keeps up. */
const LIVE_LAG_MS = 1000

/** @param names of consumers of the log; without it, all that have a checkpoint */
export function createProgressRead(
  db: Database,
  names?: readonly string[],
): () => Promise<PartitionProgress[]> {
  return async () => {
    // Checkpoints of earlier releases may have no tag.
    const rows = await db.execute<ProgressRow>(
      sql`select *, position <= head and coalesce(views.tag_at(partition, position), 0) = tag as in_log
        from views.read_progress()`,
    )
    return rows.map(progressOf).filter(({ projection }) => names?.includes(projection) ?? true)
  }
}

interface ProgressRow extends Record<string, unknown> {
  readonly projection: string
  readonly partition: number
  readonly position: string
  readonly tag: string
  readonly head: string
  readonly head_tag: string
  readonly in_log: boolean
  readonly error: string | null
  readonly waiting_since: string | null
  readonly generation: number
}

function progressOf(row: ProgressRow): PartitionProgress {
  const { projection, partition, generation, in_log: isInLog, waiting_since: since } = row
  const point = pointOf(row.position, row.tag)
  const head = pointOf(row.head, row.head_tag)
  return {
    projection,
    partition,
    ...point,
    head,
    isInLog,
    error: isInLog ? row.error : `It ${describeLost(projection, point.position, head.position)}`,
    waitingSince: since === null ? null : new Date(since),
    generation,
  }
}

const pointOf = (position: string, tag: string): LogPoint => ({
  position: BigInt(position) as LogPosition,
  tag: BigInt(tag) as LogTag,
})

/** Events that a projection has not taken yet. */
export const lagOf = ({ position, head }: PartitionProgress): number =>
  Math.max(0, Number(head.position - position))

export function summarizeProgress(rows: readonly PartitionProgress[], now: Date): ProjectionProgress[] {
  return [...groupBy(rows, (row) => row.projection)].map(([name, partitions]) => {
    const position = partitions.reduce((sum, row) => sum + row.position, 0n)
    const head = partitions.reduce((sum, row) => sum + row.head.position, 0n)
    const lagMs = Math.max(
      0,
      ...partitions.map((row) => (row.waitingSince ? now.getTime() - row.waitingSince.getTime() : 0)),
    )
    const stopped = partitions.some((row) => row.error !== null)
    return {
      name,
      position,
      head,
      lag: partitions.reduce((sum, row) => sum + lagOf(row), 0),
      lagMs,
      status: stopped ? 'STOPPED' : lagMs > LIVE_LAG_MS ? 'CATCHING_UP' : 'LIVE',
    }
  })
}
