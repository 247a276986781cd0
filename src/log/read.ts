import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { RecordedEvent } from '../domain/events.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import { decodeEvent } from './codec.ts'
import type { Partition } from './partition.ts'
import { LOG_ORIGIN } from './point.ts'
import type { LogPoint, LogTag } from './point.ts'
import { events, logPartitions } from './tables.ts'

/** An event as it stands in the log. */
export interface LoggedEvent extends RecordedEvent {
  /** On the last event of each commit; null on all others. */
  readonly tag: LogTag | null
}

/** An event that this release cannot decode, because a newer release wrote it or because it is corrupt. */
export interface UnreadableEvent extends Pick<LoggedEvent, 'position' | 'tag'> {
  readonly unreadable: unknown
}

export type LogEntry = LoggedEvent | UnreadableEvent

export interface LogReader {
  /**
   * The next whole commits after a position, in order, without gaps; none at the log's end.
   *
   * @param limit in events; exceeded only where a single commit is longer
   */
  read(partition: Partition, after: LogPosition, limit: number): Promise<LogEntry[]>
  /** Whether the log has this point: what is remembered of it may be of a history that was lost. */
  has(partition: Partition, point: LogPoint): Promise<boolean>
  /** Where each partition's log ends at this moment. */
  heads(): Promise<Map<Partition, LogPoint>>
}

export function createLogReader(db: Database): LogReader {
  const page = db
    .select({
      position: events.position,
      type: events.type,
      data: events.data,
      commandId: events.commandId,
      recordedAt: events.recordedAt,
      tag: events.tag,
    })
    .from(events)
    .where(
      and(eq(events.partition, sql.placeholder('partition')), gt(events.position, sql.placeholder('after'))),
    )
    .orderBy(asc(events.position))
    .limit(sql.placeholder('limit'))
    .prepare('read_log')
  const tagAt = db
    .select({ tag: events.tag })
    .from(events)
    .where(
      and(
        eq(events.partition, sql.placeholder('partition')),
        eq(events.position, sql.placeholder('position')),
      ),
    )
    .prepare('tag_at')
  const last = sql`(select e.position, e.tag from ${events} e where e.partition = ${logPartitions.partition}
    order by e.position desc limit 1)`
  const heads = db
    .select({
      partition: logPartitions.partition,
      position: sql<string | null>`head.position`,
      tag: sql<string | null>`head.tag`,
    })
    .from(logPartitions)
    .leftJoin(sql`lateral ${last} as head`, sql`true`)
    .orderBy(asc(logPartitions.partition))
    .prepare('log_heads')

  return {
    async read(partition, after, limit) {
      const read: LogEntry[] = []
      for (let next = after; ;) {
        const rows = await page.execute({ partition, after: next, limit })
        const end = rows.findLastIndex(({ tag }) => tag !== null)
        // A commit that is longer than a page goes on in the next one.
        const wanted = end === -1 ? rows : rows.slice(0, end + 1)
        for (const row of wanted) read.push(decodeEntry(row))
        if (end !== -1) return read
        const lastRow = rows.at(-1)
        // The log's last event ends a commit, so nothing is left.
        if (lastRow === undefined || rows.length < limit) return []
        next = lastRow.position
      }
    },
    has: async (partition, { position, tag }) =>
      (await tagAt.execute({ partition, position }))[0]?.tag === tag,
    async heads() {
      const rows = await heads.execute()
      return new Map(
        rows.map(({ partition, position, tag }) => [
          partition,
          position === null
            ? LOG_ORIGIN
            : ({ position: BigInt(position), tag: BigInt(tag ?? 0) } as LogPoint),
        ]),
      )
    },
  }
}

function decodeEntry({ type, data, ...where }: Omit<typeof events.$inferSelect, 'partition'>): LogEntry {
  try {
    return { ...where, event: decodeEvent({ type, data }) }
  } catch (unreadable) {
    return { position: where.position, tag: where.tag, unreadable }
  }
}

/** The events up to the last one that ends a commit. */
export function wholeCommits<Entry extends Pick<LogEntry, 'tag'>>(entries: readonly Entry[]): Entry[] {
  return entries.slice(0, entries.findLastIndex(({ tag }) => tag !== null) + 1)
}
