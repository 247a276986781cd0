/** The subjects of `onhand verify`, which are rebuilt from the log and compared: the write side's tables, and each projection. */
import { sql } from 'drizzle-orm'
import { BATCHES, LINES, StockReplay } from './stock-replay.ts'
import type { LogPosition } from '../../domain/values.ts'
import type { Database, Session } from '../../lib/postgres.ts'
import type { Partition } from '../../log/partition.ts'
import { LOG_ORIGIN } from '../../log/point.ts'
import { createLogReader } from '../../log/read.ts'
import type { LogEntry, LoggedEvent } from '../../log/read.ts'
import { createCheckpoints } from '../../projector/checkpoint.ts'
import { compareTables } from '../../projector/compare.ts'
import type { TablePair } from '../../projector/compare.ts'
import { COPY_PAGE_EVENTS, addPrimaryKey, createCopy, createTableLike } from '../../projector/copy.ts'
import type { Projection } from '../../projector/projection.ts'
import { checked } from './check.ts'
import type { Check } from './check.ts'

export interface Subject {
  /** Returns the position that its tables have reached now. */
  readonly goal: (partition: Partition) => Promise<LogPosition>
  /** @param entries the commits that follow those taken before, each complete */
  readonly take: (partition: Partition, entries: readonly LogEntry[]) => Promise<void>
  /** Compares. It reads the events that have been added meanwhile by itself. */
  readonly compare: (partitions: readonly Partition[]) => Promise<Check[]>
  /** The claim that fails if its events cannot be applied. */
  readonly claim: string
}

export async function projectionSubject(session: Session, projection: Projection): Promise<Subject> {
  const { db } = session
  const { name } = projection
  const checkpoints = createCheckpoints(db)
  const tableName = `${name}_verify`
  await dropTable(db, `views.${tableName}`)
  const copy = await createCopy(db, createLogReader(db), checkpoints, projection, tableName, false)
  const goal = async (partition: Partition) => (await checkpoints.read(name, partition)).position
  const claim = `Projection ${name} matches the log.`
  return {
    claim,
    goal,
    take: copy.take,
    async compare(partitions) {
      const { rows, differences } = await compareTables(session, copy.pair, partitions, async (partition) =>
        copy.fold(partition, await goal(partition)),
      )
      return [checked(claim, differences, `${rows} rows`)]
    },
  }
}

export async function stockSubject(session: Session): Promise<Subject> {
  const { db } = session
  for (const { table, copy, key } of [BATCHES, LINES]) {
    await dropTable(db, copy)
    await createTableLike(db, table, copy, false)
    await addPrimaryKey(db, copy, key)
  }
  const log = createLogReader(db)
  const replay = new StockReplay(db)
  const positions = new Map<Partition, LogPosition>()
  const goal = async (partition: Partition) =>
    (await log.heads()).get(partition)?.position ?? LOG_ORIGIN.position
  async function take(partition: Partition, entries: readonly LogEntry[]): Promise<void> {
    const unreadable = entries.find((entry) => 'unreadable' in entry)
    if (unreadable !== undefined) throw new Error(`Event ${partition}:${unreadable.position} cannot be read.`)
    await replay.take(partition, entries as readonly LoggedEvent[])
    positions.set(partition, entries.at(-1)?.position ?? LOG_ORIGIN.position)
  }
  async function follow(partition: Partition): Promise<void> {
    const upTo = await goal(partition)
    for (;;) {
      const at = positions.get(partition) ?? LOG_ORIGIN.position
      if (at >= upTo) return
      const entries = await log.read(partition, at, COPY_PAGE_EVENTS)
      if (entries.length === 0) throw new Error(`The log ends before event ${partition}:${upTo}.`)
      await take(partition, entries)
    }
  }
  return {
    claim: 'Batches and order lines match the log.',
    goal,
    take,
    async compare(partitions) {
      const compare = (pair: TablePair) => compareTables(session, pair, partitions, follow)
      const batches = await compare(BATCHES)
      const lines = await compare(LINES)
      return [
        checked(
          'Every event follows from those before it.',
          replay.impossible,
          'each was applied to the stock before it',
        ),
        checked(
          'Nothing was ever oversold.',
          replay.oversold,
          'after every commit, each batch had 0 <= allocated <= quantity',
        ),
        checked('Batches match the log.', batches.differences, `${batches.rows} batches`),
        checked('Order lines match the log.', lines.differences, `${lines.rows} lines`),
      ]
    },
  }
}

const dropTable = (db: Database, table: string) => db.execute(sql.raw(`drop table if exists ${table}`))

/** Drops the tables of this run, and of an interrupted one. */
export async function dropWorkTables(db: Database, projections: readonly Projection[]): Promise<void> {
  for (const { copy } of [BATCHES, LINES]) await dropTable(db, copy)
  for (const { name } of projections) await dropTable(db, `views.${name}_verify`)
}
