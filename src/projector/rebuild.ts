/**
 * Makes a projection's table anew from the log while the old one goes on serving and being kept up to date, then puts the
 * new one in its place.
 *
 *     fold into a copy ─▶ catch up ─▶ hold the projector ─▶ fold the rest ─▶ compare ─▶ swap ─▶ let go
 *
 * The projector is held by its checkpoints' locks, so both tables stand at the same position when they are compared. If they
 * differ, nothing is swapped, unless the operator has said that they should, as they do after the fold was changed.
 */
import { asc, eq, sql } from 'drizzle-orm'
import type { LogPosition } from '../domain/values.ts'
import type { Database, Session } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { createLogReader } from '../log/read.ts'
import { createCheckpoints } from './checkpoint.ts'
import { createCopy, differences, digest } from './copy.ts'
import type { Copy } from './copy.ts'
import type { Projection } from './projection.ts'
import { checkpoints } from './tables.ts'

export interface RebuildOptions {
  readonly session: Session
  readonly projection: Projection
  /** Swap even if the new table is not like the old one. */
  readonly acceptDifferences: boolean
  /** Events folded so far, of how many. */
  readonly onProgress: (done: bigint, total: bigint) => void
}

export interface Rebuilt {
  readonly events: bigint
  readonly rows: bigint
  readonly differed: boolean
}

/** The new table is not like the old one, and nobody said that it should not be. */
export class RebuildDiffers extends Error {
  override readonly name = 'RebuildDiffers'
}

/** Close enough to the head to hold the projector for the rest. */
const CLOSE_EVENTS = 5000n

/** @throws RebuildDiffers, or why it could not be done; the projection is then as it was */
export async function rebuildProjection(options: RebuildOptions): Promise<Rebuilt> {
  const { session, projection, acceptDifferences } = options
  const { db } = session
  const copyName = `${projection.name}_rebuild`
  const dropCopy = () => db.execute(sql`drop table if exists views.${sql.identifier(copyName)}`)
  await claim(db, projection.name)
  try {
    await dropCopy()
    const log = createLogReader(db)
    const copy = await createCopy(db, log, createCheckpoints(db), projection, copyName)
    await catchUp(db, copy, projection.name, options.onProgress)
    await createIndexes(db, projection.name, copyName)
    return await session.transaction(async () => {
      // From here on the projector waits.
      const goals = await positions(db, projection.name, true)
      for (const [partition, position] of goals) await copy.fold(partition, position, () => {})
      const [now, rebuilt] = [await digest(db, projection.name), await digest(db, copyName)]
      const differed = now.rows !== rebuilt.rows || now.hash !== rebuilt.hash
      if (differed && !acceptDifferences) {
        const rows = await differences(db, projection.name, copyName)
        throw new RebuildDiffers(
          `Rebuilt from the log, ${projection.name} has ${rebuilt.rows} rows; now it has ${now.rows}. They differ:\n${rows.join('\n')}`,
        )
      }
      await swap(db, projection.name, copyName)
      return { events: goals.reduce((sum, [, position]) => sum + position, 0n), rows: rebuilt.rows, differed }
    })
  } finally {
    await dropCopy()
    await db.execute(sql`select pg_advisory_unlock(${LOCK_SPACE}, hashtext(${projection.name}))`)
  }
}

/** Any number that nobody else on the database uses for advisory locks. */
const LOCK_SPACE = 7_201_843

async function claim(db: Database, name: string): Promise<void> {
  const [row] = await db.execute<{ claimed: boolean }>(
    sql`select pg_try_advisory_lock(${LOCK_SPACE}, hashtext(${name})) as claimed`,
  )
  if (row?.claimed !== true) throw new Error(`The projection ${name} is being rebuilt already.`)
}

/** Follows the projection's own checkpoints, never ahead of them: in the end both tables must stand at the same position. */
async function catchUp(
  db: Database,
  copy: Copy,
  name: string,
  onProgress: RebuildOptions['onProgress'],
): Promise<void> {
  for (;;) {
    const goals = await positions(db, name)
    const total = goals.reduce((sum, [, position]) => sum + position, 0n)
    const done = () => goals.reduce((sum, [partition]) => sum + copy.position(partition), 0n)
    const behind = total - done()
    for (const [partition, position] of goals)
      await copy.fold(partition, position, () => onProgress(done(), total))
    if (behind <= CLOSE_EVENTS) return
  }
}

async function positions(db: Database, name: string, lock = false): Promise<[Partition, LogPosition][]> {
  const rows = await db
    .select({ partition: checkpoints.partition })
    .from(checkpoints)
    .where(eq(checkpoints.projection, name))
    .orderBy(asc(checkpoints.partition))
  const { hold, read } = createCheckpoints(db)
  const found: [Partition, LogPosition][] = []
  for (const { partition } of rows)
    found.push([partition, (await (lock ? hold : read)(name, partition)).position])
  return found
}

interface IndexRow extends Record<string, unknown> {
  readonly name: string
  readonly definition: string
  /** The constraint that the index is for. */
  readonly constraint: string | null
}

async function indexesOf(db: Database, tableName: string): Promise<IndexRow[]> {
  const rows = await db.execute<IndexRow>(
    sql`select c.relname as name, pg_get_indexdef(i.indexrelid) as definition,
        (select pg_get_constraintdef(oid) from pg_constraint where conindid = i.indexrelid) as constraint
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid = ${`views.${tableName}`}::regclass
      order by 1`,
  )
  return [...rows]
}

/** The old table's indexes on the new one; a bulk of rows is indexed faster than row by row. */
async function createIndexes(db: Database, tableName: string, copyName: string): Promise<void> {
  const has = new Set((await indexesOf(db, copyName)).map(({ constraint }) => constraint))
  for (const { name, definition, constraint } of await indexesOf(db, tableName)) {
    if (constraint === null) {
      const columns = definition.slice(definition.indexOf(' USING '))
      await db.execute(
        sql`create index ${sql.identifier(`${name}_rebuild`)} on views.${sql.identifier(copyName)} ${sql.raw(columns)}`,
      )
    } else if (!has.has(constraint)) {
      await db.execute(sql`alter table views.${sql.identifier(copyName)} add ${sql.raw(constraint)}`)
    }
  }
}

/** Puts the new table in the old one's place, with the old one's names for everything. */
async function swap(db: Database, tableName: string, copyName: string): Promise<void> {
  const old = await indexesOf(db, tableName)
  await db.execute(sql`drop table views.${sql.identifier(tableName)}`)
  await db.execute(sql`alter table views.${sql.identifier(copyName)} rename to ${sql.identifier(tableName)}`)
  const unnamed = await indexesOf(db, tableName)
  const definitionOf = ({ definition }: IndexRow) => definition.slice(definition.indexOf(' USING '))
  for (const { name, ...index } of old) {
    const copied = unnamed.find((candidate) => definitionOf(candidate) === definitionOf({ name, ...index }))
    if (copied === undefined) throw new Error(`The new table has no index like ${name}.`)
    await db.execute(sql`alter index views.${sql.identifier(copied.name)} rename to ${sql.identifier(name)}`)
  }
  await db
    .update(checkpoints)
    .set({ generation: sql`${checkpoints.generation} + 1`, error: null })
    .where(eq(checkpoints.projection, tableName))
}
