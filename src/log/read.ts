import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { RecordedEvent } from '../domain/messages.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import { decodeEvent } from './codec.ts'
import type { Partition } from './partition.ts'
import { events, logPartitions } from './tables.ts'

export interface LogReader {
  /**
   * The next events after a position, in order, without gaps, at most `limit`; none at the log's end.
   *
   * @throws UnknownEvent if the very next one cannot be read
   */
  read(partition: Partition, after: LogPosition, limit: number): Promise<RecordedEvent[]>
  /** Where each partition's log ends at this moment. */
  heads(): Promise<Map<Partition, LogPosition>>
}

export function createLogReader(db: Database): LogReader {
  const page = db
    .select({
      position: events.position,
      type: events.type,
      data: events.data,
      commandId: events.commandId,
      recordedAt: events.recordedAt,
    })
    .from(events)
    .where(
      and(eq(events.partition, sql.placeholder('partition')), gt(events.position, sql.placeholder('after'))),
    )
    .orderBy(asc(events.position))
    .limit(sql.placeholder('limit'))
    .prepare('read_log')
  const heads = db.select().from(logPartitions).orderBy(asc(logPartitions.partition)).prepare('log_heads')

  return {
    async read(partition, after, limit) {
      const recorded: RecordedEvent[] = []
      for (const { type, data, ...where } of await page.execute({ partition, after, limit })) {
        try {
          recorded.push({ ...where, event: decodeEvent({ type, data }) })
        } catch (error) {
          // What stands before an unreadable event is good, and comes first.
          if (recorded.length === 0) throw error
          break
        }
      }
      return recorded
    },
    async heads() {
      const rows = await heads.execute()
      return new Map(rows.map(({ partition, head }) => [partition, head]))
    },
  }
}
