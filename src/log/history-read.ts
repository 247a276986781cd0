import { sql } from 'drizzle-orm'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from './partition.ts'
import type { LogPoint } from './point.ts'
import type { Epoch } from './token.ts'

export interface RememberedPoint extends LogPoint {
  readonly partition: Partition
}

export interface FoundHistory {
  readonly epoch: Epoch
  /** One of the points that the log does not have, as `partition:position`; null if it has all of them. */
  readonly lost: string | null
}

/** Reads the epoch of the log, and checks that the log still has these points. */
export type ReadHistory = (points: readonly RememberedPoint[]) => Promise<FoundHistory>

/** @param db connected as any role that reads the schema `views` */
export function createHistoryRead(db: Database): ReadHistory {
  const read = db
    .select({
      epoch: sql<Epoch>`views.read_epoch()`,
      lost: sql<string | null>`(
        select t.partition || ':' || t.position
        from json_to_recordset(${sql.placeholder('points')}::json) as t(partition integer, position bigint, tag bigint)
        where views.tag_at(t.partition, t.position) is distinct from t.tag limit 1)`,
    })
    .from(sql`(select) as nothing`)
    .prepare('read_history')
  return async (points) => {
    const texts = points.map(({ partition, position, tag }) => ({
      partition,
      position: String(position),
      tag: String(tag),
    }))
    const [found] = await read.execute({ points: JSON.stringify(texts) })
    if (found === undefined) throw new Error('The query for the epoch of the log returned no row.')
    return found
  }
}
