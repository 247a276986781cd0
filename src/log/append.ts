import { eq, sql } from 'drizzle-orm'
import type { LogPosition } from '../domain/values.ts'
import type { RecordedEvent } from '../domain/messages.ts'
import { prepareInsert } from '../lib/bulk.ts'
import type { Database } from '../lib/postgres.ts'
import { encodeEvent } from './codec.ts'
import type { Partition } from './partition.ts'
import { events, logPartitions } from './tables.ts'

export interface LogWriter {
  /** Takes the partition until the transaction ends: no one else writes to it, and `head` is the truth. */
  lock(partition: Partition): Promise<LogPosition>
  /** Adds events at `head + 1 …`. Only for who holds the lock. */
  append(partition: Partition, recorded: readonly RecordedEvent[]): Promise<void>
}

export function createLogWriter(db: Database): LogWriter {
  const lock = db
    .select({ head: logPartitions.head })
    .from(logPartitions)
    .where(eq(logPartitions.partition, sql.placeholder('partition')))
    .for('update')
    .prepare('lock_partition')
  const insert = prepareInsert(db, events)
  const moveHead = db
    .update(logPartitions)
    .set({ head: sql`${sql.placeholder('head')}::bigint` })
    .where(eq(logPartitions.partition, sql.placeholder('partition')))
    .prepare('move_head')

  return {
    async lock(partition) {
      const [row] = await lock.execute({ partition })
      if (row === undefined) throw new Error(`The log has no partition ${partition}.`)
      return row.head
    },
    async append(partition, recorded) {
      const last = recorded.at(-1)
      if (last === undefined) return
      await Promise.all([
        insert(recorded.map(({ event, ...where }) => ({ partition, ...where, ...encodeEvent(event) }))),
        moveHead.execute({ partition, head: String(last.position) }),
      ])
    },
  }
}
