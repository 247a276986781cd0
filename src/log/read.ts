import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { RecordedEvent } from '../domain/messages.ts'
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

export interface LogReader {
  /**
   * The next whole commits after a position, in order, without gaps; none at the log's end.
   *
   * @param limit in events; exceeded only by a single commit that is longer
   * @throws UnknownEvent if the very next event cannot be read
   */
  read(partition: Partition, after: LogPosition, limit: number): Promise<LoggedEvent[]>
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
      const read: LoggedEvent[] = []
      for (let next = after; ;) {
        const rows = await page.execute({ partition, after: next, limit })
        for (const { type, data, ...where } of rows) {
          try {
            read.push({ ...where, event: decodeEvent({ type, data }) })
          } catch (error) {
            // The commits before an unreadable event are good, and come first.
            const whole = wholeCommits(read)
            if (whole.length === 0) throw error
            return whole
          }
        }
        const whole = wholeCommits(read)
        if (whole.length > 0) return whole
        const lastRow = rows.at(-1)
        if (lastRow === undefined || rows.length < limit) return read
        next = lastRow.position
      }
    },
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

/** The events up to the last one that ends a commit. */
export function wholeCommits(logged: readonly LoggedEvent[]): LoggedEvent[] {
  return logged.slice(0, logged.findLastIndex(({ tag }) => tag !== null) + 1)
}
