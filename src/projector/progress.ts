import { sql } from 'drizzle-orm'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import { groupBy } from '../lib/group-by.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint, LogTag } from '../log/point.ts'
import { describeLost } from './lost-checkpoint.ts'

/** The progress of one projection in one partition. */
export interface PartitionProgress extends LogPoint {
  readonly projection: string
  readonly partition: Partition
  readonly head: LogPoint
  /** Whether the log has a commit that ends at the position. If not, the position is meaningless and `error` says why. */
  readonly isInLog: boolean
  readonly error: string | null
  readonly waitingSince: Date | null
  /** Changes when the projection's table is replaced. */
  readonly generation: number
}

/** The rows whose positions are part of the log. */
export const onLog = (rows: readonly PartitionProgress[]): PartitionProgress[] =>
  rows.filter(({ isInLog }) => isInLog)

/** One projection over all partitions. */
export interface ProjectionProgress {
  readonly name: string
  readonly position: bigint
  readonly head: bigint
  /** How many events have not been taken yet. */
  readonly lag: number
  /** How long the oldest of these events has been waiting. */
  readonly lagMs: number
  readonly status: 'LIVE' | 'CATCHING_UP' | 'STOPPED'
}

/** A projection that is behind by at most this time counts as live. */
const LIVE_LAG_MS = 1000

/** @param names of consumers of the log; all that have a checkpoint by default */
export function createProgressRead(
  db: Database,
  names?: readonly string[],
): () => Promise<PartitionProgress[]> {
  return async () => {
    // Checkpoints that earlier releases wrote may have no tag.
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

/** How many events a projection has not taken yet. */
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
