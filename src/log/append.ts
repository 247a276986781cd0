import { desc, eq, sql } from 'drizzle-orm'
import { inParts, prepareInsert } from '../lib/bulk.ts'
import type { Database } from '../lib/postgres.ts'
import { encodeEvent } from './codec.ts'
import type { Partition } from './partition.ts'
import { LOG_ORIGIN } from './point.ts'
import type { LogPoint } from './point.ts'
import type { LoggedEvent } from './read.ts'
import { events, logPartitions } from './tables.ts'

/** The end of a partition's log. */
export interface Head extends LogPoint {
  /** The time of the last event; null if the log is empty. */
  readonly recordedAt: Date | null
}

export interface LogWriter {
  /** Locks the partition until the transaction ends, so that nobody else writes to it and the returned head stays current. */
  lock(partition: Partition): Promise<Head>
  /** Appends events directly after the head. The caller must hold the lock. */
  append(partition: Partition, logged: readonly LoggedEvent[]): Promise<void>
}

export function createLogWriter(db: Database): LogWriter {
  const lock = db
    .select({ partition: logPartitions.partition })
    .from(logPartitions)
    .where(eq(logPartitions.partition, sql.placeholder('partition')))
    .for('update')
    .prepare('lock_partition')
  const head = db
    .select({ position: events.position, tag: events.tag, recordedAt: events.recordedAt })
    .from(events)
    .where(eq(events.partition, sql.placeholder('partition')))
    .orderBy(desc(events.position))
    .limit(1)
    .prepare('log_head')
  const insert = prepareInsert(db, events)

  return {
    async lock(partition) {
      // The second statement runs after the first has got the lock, so it sees all earlier commits.
      const [locked, [last]] = await Promise.all([lock.execute({ partition }), head.execute({ partition })])
      if (locked.length === 0) throw new Error(`The log has no partition ${partition}.`)
      if (last === undefined) return { ...LOG_ORIGIN, recordedAt: null }
      return { ...last, tag: last.tag ?? LOG_ORIGIN.tag }
    },
    async append(partition, logged) {
      await inParts(logged, (part) =>
        insert(part.map(({ event, ...where }) => ({ partition, ...where, ...encodeEvent(event) }))),
      )
    },
  }
}
