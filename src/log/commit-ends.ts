/** Looks up points in the log, for database roles that may read it. */
import { and, desc, eq, isNotNull, lte, sql } from 'drizzle-orm'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from './partition.ts'
import { LOG_ORIGIN } from './point.ts'
import type { LogPoint, LogTag } from './point.ts'
import { events } from './tables.ts'

/** Whether a point that a process or another table remembers is still part of the log. */
export async function isInLog(db: Database, partition: Partition, point: LogPoint): Promise<boolean> {
  if (point.position === LOG_ORIGIN.position) return true
  // Checkpoints that earlier releases wrote may have no tag.
  const tag = sql`coalesce(${events.tag}, 0) = ${String(point.tag)}::bigint`
  const found = await db
    .select({ position: events.position })
    .from(events)
    .where(and(eq(events.partition, partition), eq(events.position, point.position), tag))
  return found.length > 0
}

/** The end of the last commit that ends at or before a position. */
export async function lastCommitEnd(
  db: Database,
  partition: Partition,
  upTo: LogPosition,
): Promise<LogPoint> {
  const [found] = await db
    .select({ position: events.position, tag: events.tag })
    .from(events)
    .where(and(eq(events.partition, partition), lte(events.position, upTo), isNotNull(events.tag)))
    .orderBy(desc(events.position))
    .limit(1)
  return found === undefined ? LOG_ORIGIN : { position: found.position, tag: found.tag as LogTag }
}
