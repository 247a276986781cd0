/**
 * Builds a second table of a projection from the log alone. A rebuild swaps it in, and a verification compares with it.
 */
import { sql } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/pg-core'
import type { LogPosition } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { LOG_ORIGIN } from '../log/point.ts'
import type { LogEntry, LogReader } from '../log/read.ts'
import type { Checkpoints } from './checkpoint.ts'
import type { TablePair } from './compare.ts'
import { createFold } from './fold.ts'
import type { Projection } from './projection.ts'
import { createRows } from './rows.ts'
import { describeFailure, takeCommits } from './take.ts'

export interface Copy {
  readonly tableName: string
  readonly pair: TablePair
  readonly position: (partition: Partition) => LogPosition
  /**
   * Folds the whole commits directly after the copy's position into the copy.
   *
   * @throws Error with the event that cannot be taken, unless an operator has marked it to be skipped
   */
  readonly take: (partition: Partition, entries: readonly LogEntry[]) => Promise<void>
  /**
   * Reads and folds the events of a partition, from the copy's position up to another one.
   *
   * @param onProgress receives each position that is reached
   */
  readonly fold: (
    partition: Partition,
    upTo: LogPosition,
    onProgress?: (position: LogPosition) => void,
  ) => Promise<void>
  /** Saves the copy's positions. @returns a function that restores them after a rollback */
  readonly mark: () => () => void
}

/** More than in a projector's step, so that rows that change often are written less often. */
export const COPY_PAGE_EVENTS = 20_000
const MAX_CACHED_ROWS = 20_000

/**
 * Creates the empty table of the copy. Its only index is the primary key, which replacing rows and comparing them require.
 *
 * @param kept whether the copy must survive a crash of Postgres
 */
export async function createCopy(
  db: Database,
  log: LogReader,
  checkpoints: Checkpoints,
  projection: Projection,
  tableName: string,
  kept = true,
): Promise<Copy> {
  const table = `views.${projection.name}`
  const copy = `views.${tableName}`
  const key = primaryKeyOf(projection)
  await createTableLike(db, table, copy, kept)
  if (projection.keeps === 'latest' || !kept) await addPrimaryKey(db, copy, key)
  const fold = createFold(projection, createRows(db, projection, tableName), MAX_CACHED_ROWS)
  const positions = new Map<Partition, LogPosition>()
  const position = (partition: Partition) => positions.get(partition) ?? LOG_ORIGIN.position

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
    pair: { table, copy, key },
    position,
    take,
    async fold(partition, upTo, onProgress = () => {}) {
      if (position(partition) >= upTo) return
      let next = log.read(partition, position(partition), COPY_PAGE_EVENTS)
      while (position(partition) < upTo) {
        const entries = (await next).filter((entry) => entry.position <= upTo)
        const last = entries.at(-1)
        if (last === undefined) throw new Error(`The log ends before event ${partition}:${upTo}.`)
        // Read ahead while the rows of this page are written.
        next =
          last.position < upTo ? log.read(partition, last.position, COPY_PAGE_EVENTS) : Promise.resolve([])
        next.catch(() => {})
        await take(partition, entries)
        onProgress(position(partition))
      }
    },
    mark() {
      const marked = new Map(positions)
      return () => {
        for (const partition of positions.keys()) fold.evict(partition)
        positions.clear()
        for (const [partition, at] of marked) positions.set(partition, at)
      }
    },
  }
}

/** @param kept false for a table without write-ahead log, which a crash of Postgres empties */
export async function createTableLike(
  db: Database,
  table: string,
  copy: string,
  kept: boolean,
): Promise<void> {
  await db.execute(
    sql.raw(`create ${kept ? '' : 'unlogged '}table ${copy} (like ${table} including defaults)`),
  )
}

/** @param key the columns after `partition` */
export async function addPrimaryKey(db: Database, table: string, key: readonly string[]): Promise<void> {
  await db.execute(sql.raw(`alter table ${table} add primary key (${['partition', ...key].join(', ')})`))
}

function primaryKeyOf(projection: Projection): string[] {
  const [key] = getTableConfig(projection.tableNamed(projection.name)).primaryKeys
  return (key?.columns ?? []).map(({ name }) => name).filter((name) => name !== 'partition')
}
