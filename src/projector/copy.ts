/**
 * A second table of a projection, made from the log alone: what rebuilding swaps in, and what verifying compares with.
 */
import { sql } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/pg-core'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { LOG_ORIGIN } from '../log/point.ts'
import type { LogEntry, LogReader } from '../log/read.ts'
import type { Checkpoints } from './checkpoint.ts'
import { createFold } from './fold.ts'
import type { Projection } from './projection.ts'
import { createRows } from './rows.ts'
import { describeFailure, takeCommits } from './take.ts'

export interface Copy {
  readonly tableName: string
  /**
   * Folds a partition's events into the copy, from where it is up to a position.
   *
   * @param onProgress told of each position reached
   * @throws Error naming the event that cannot be taken, unless an operator has said to leave it out
   */
  readonly fold: (
    partition: Partition,
    upTo: LogPosition,
    onProgress: (position: LogPosition) => void,
  ) => Promise<void>
  readonly position: (partition: Partition) => LogPosition
}

/** Larger than in daily work: rows that change often are written less often. */
const BATCH_EVENTS = 10_000
const MAX_CACHED_ROWS = 100_000

/** Makes the copy's table, empty. It has the primary key that upserts need, and no other index. */
export async function createCopy(
  db: Database,
  log: LogReader,
  checkpoints: Checkpoints,
  projection: Projection,
  tableName: string,
): Promise<Copy> {
  const copy = sql`views.${sql.identifier(tableName)}`
  await db.execute(sql`create table ${copy} (like views.${sql.identifier(projection.name)})`)
  if (projection.keeps === 'latest') {
    const key = getTableConfig(projection.tableNamed(tableName)).primaryKeys[0]?.columns ?? []
    const columns = sql.join(
      key.map(({ name }) => sql.identifier(name)),
      sql`, `,
    )
    await db.execute(sql`alter table ${copy} add primary key (${columns})`)
  }
  const fold = createFold(projection, createRows(db, projection, tableName), MAX_CACHED_ROWS)
  const positions = new Map<Partition, LogPosition>()
  const position = (partition: Partition) => positions.get(partition) ?? (0n as LogPosition)

  async function take(partition: Partition, entries: readonly LogEntry[]): Promise<void> {
    const from = { ...LOG_ORIGIN, position: position(partition) }
    const { to, failure } = await takeCommits(fold, partition, from, entries, (at) =>
      checkpoints.skips(projection.name, partition, at),
    )
    positions.set(partition, to.position)
    if (failure === null) return
    throw new Error(`Projection ${projection.name}: ${describeFailure(partition, failure)}`, {
      cause: failure.cause,
    })
  }

  return {
    tableName,
    position,
    async fold(partition, upTo, onProgress) {
      let next = log.read(partition, position(partition), BATCH_EVENTS)
      while (position(partition) < upTo) {
        const entries = (await next).filter((entry) => entry.position <= upTo)
        const last = entries.at(-1)
        if (last === undefined) throw new Error(`The log ends before event ${partition}:${upTo}.`)
        // Read ahead while the rows of this batch are written.
        next = log.read(partition, last.position, BATCH_EVENTS)
        next.catch(() => {})
        await take(partition, entries)
        onProgress(position(partition))
      }
    },
  }
}

/** Rows, and a hash over all of them that does not depend on their order. */
export interface Digest {
  readonly rows: bigint
  readonly hash: string
}

export async function digest(db: Database, tableName: string): Promise<Digest> {
  const [row] = await db.execute<{ rows: string; hash: string }>(
    sql`select count(*) as rows, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text as hash
      from views.${sql.identifier(tableName)} t`,
  )
  return { rows: BigInt(row?.rows ?? 0), hash: row?.hash ?? '' }
}

/** Some rows that are in one table and not, or not like that, in the other. For people. */
export async function differences(db: Database, tableName: string, copyName: string): Promise<string[]> {
  const table = sql`views.${sql.identifier(tableName)}`
  const copy = sql`views.${sql.identifier(copyName)}`
  const rows = await db.execute<{ row: string }>(
    sql`(select 'now     ' || t::text as row from (select * from ${table} except all select * from ${copy} limit 3) t)
      union all
      (select 'rebuilt ' || t::text as row from (select * from ${copy} except all select * from ${table} limit 3) t)`,
  )
  return rows.map(({ row }) => row)
}
