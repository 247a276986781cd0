import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { RecordedEvent } from '../domain/events.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import { decodeEvent } from './codec.ts'
import type { Partition } from './partition.ts'
import { LOG_ORIGIN } from './point.ts'
import type { LogPoint, LogTag } from './point.ts'
import { events, logPartitions } from './tables.ts'

/** An event as stored in the log. */
export interface LoggedEvent extends RecordedEvent {
  /** Set on the last event of each commit; null on all other events. */
  readonly tag: LogTag | null
}

/** An event that this release cannot decode, because a newer release wrote it or because it is corrupt. */
export interface UnreadableEvent extends Pick<LoggedEvent, 'position' | 'tag'> {
  readonly unreadable: unknown
}

export type LogEntry = LoggedEvent | UnreadableEvent

export interface LogReader {
  /**
   * Reads the next whole commits after a position, in order and without gaps; none at the end of the log.
   *
   * @param limit the maximum number of events; only a single commit that is longer exceeds it
   */
  read(partition: Partition, after: LogPosition, limit: number): Promise<LogEntry[]>
  /** Whether the log has this point. A remembered point may belong to a history that was lost. */
  has(partition: Partition, point: LogPoint): Promise<boolean>
  /** The current end of each partition's log. */
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
        // A commit that is longer than one page continues on the next page.
        const wanted = end === -1 ? rows : rows.slice(0, end + 1)
        for (const row of wanted) read.push(decodeEntry(row))
        if (end !== -1) return read
        const lastRow = rows.at(-1)
        // The last event of the log always ends a commit, so there are no more rows.
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
