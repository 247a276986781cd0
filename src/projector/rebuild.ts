/**
 * Rebuilds a projection's table from the log while the old table keeps serving queries and stays up to date, then swaps them.
 *
 *     fold into a copy ─▶ catch up ─▶ compare, range by range ─▶ hold the projector ─▶ fold the rest ─▶ rename ─▶ release
 *
 * If the tables differ, nothing is swapped, with two exceptions: the operator accepts the differences, for example after a change
 * of the fold; or the log lacks the checkpoint of the old table, so there is no valid comparison. The comparison blocks nobody.
 * The locks of its checkpoints hold the projector only for the last events and the renames, whose time does not depend on the
 * size of the table. A transaction that uses the table, such as a dump, delays only the swap: the swap waits briefly for the
 * lock, gives up, and tries again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { asc, eq, sql } from 'drizzle-orm'
import { isLockTimeout } from '../lib/postgres-error.ts'
import type { Database, Session } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint } from '../log/point.ts'
import { createLogReader } from '../log/read.ts'
import { createCheckpoints } from './checkpoint.ts'
import { compareTables, partitionsIn } from './compare.ts'
import { createCopy } from './copy.ts'
import type { Copy } from './copy.ts'
import { pointInLog, putBack } from './lost-checkpoint.ts'
import type { Projection } from './projection.ts'
import { isUsedByLongTransaction, copyIndexesAndRights, planSwap } from './swap.ts'
import { checkpoints } from './tables.ts'

export interface RebuildOptions {
  readonly session: Session
  readonly projection: Projection
  /** Whether to swap even if the tables differ. */
  readonly acceptDifferences: boolean
  /** Receives how many events have been folded so far, and how many there are. */
  readonly onProgress: (done: bigint, total: bigint) => void
  /** Called once if the new table is ready, but another transaction uses the old one. */
  readonly onWait?: () => void
}

export interface Rebuilt {
  readonly events: bigint
  readonly rows: number
  readonly differed: boolean
  /** How long the swap blocked the projector and queries. */
  readonly heldMs: number
}

/** The tables differ, and the operator has not accepted differences. */
export class RebuildDiffers extends Error {
  override readonly name = 'RebuildDiffers'
}

/** How many events the copy may be behind when the swap begins to hold the projector. */
const CLOSE_EVENTS = 5000n
/** How long the swap waits for its lock. Queries queue behind it for that time. */
const LOCK_TIMEOUT_MS = 200
const RETRY_MS = 1000

/** @throws RebuildDiffers, or another error; the projection is then unchanged */
export async function rebuildProjection(options: RebuildOptions): Promise<Rebuilt> {
  const { session, projection, acceptDifferences } = options
  const { db } = session
  const { name } = projection
  const [copyName, oldName] = [`${name}_rebuild`, `${name}_old`]
  const dropLeftovers = async () => {
    for (const table of [copyName, oldName])
      await db.execute(sql`drop table if exists views.${sql.identifier(table)}`)
  }
  await claim(db, name)
  try {
    await dropLeftovers()
    const copy = await createCopy(db, createLogReader(db), createCheckpoints(db), projection, copyName)
    await catchUp(db, copy, name, options.onProgress)
    await copyIndexesAndRights(db, name, copyName)
    const { rows, copyRows, differences } = await compare(session, copy, name)
    const isLost = (await goalsOf(db, name, 'read')).some((goal) => goal.isLost)
    if (differences.length > 0 && !acceptDifferences && !isLost) {
      throw new RebuildDiffers(
        `Rebuilt from the log, ${name} has ${copyRows} rows; now it has ${rows}. They differ:\n${differences.join('\n')}`,
      )
    }
    const renames = await planSwap(db, name, copyName, oldName)
    const { heldMs, events } = await swapWhenFree(options, copy, renames)
    return { events, rows: copyRows, differed: differences.length > 0, heldMs }
  } finally {
    await dropLeftovers()
    await db.execute(sql`select pg_advisory_unlock(${LOCK_SPACE}, hashtext(${name}))`)
  }
}

/** A number that no other application on the database uses for advisory locks. */
const LOCK_SPACE = 7_201_843

async function claim(db: Database, name: string): Promise<void> {
  const [row] = await db.execute<{ claimed: boolean }>(
    sql`select pg_try_advisory_lock(${LOCK_SPACE}, hashtext(${name})) as claimed`,
  )
  if (row?.claimed !== true) throw new Error(`The projection ${name} is already being rebuilt.`)
}

/** Folds the copy up to the projection's own checkpoints, never beyond, because both tables must have the same position. */
async function catchUp(
  db: Database,
  copy: Copy,
  name: string,
  onProgress: RebuildOptions['onProgress'],
): Promise<void> {
  for (;;) {
    const goals = await goalsOf(db, name, 'read')
    const total = goals.reduce((sum, { point }) => sum + point.position, 0n)
    const done = () => goals.reduce((sum, { partition }) => sum + copy.position(partition), 0n)
    const behind = total - done()
    for (const { partition, point } of goals)
      await copy.fold(partition, point.position, () => onProgress(done(), total))
    if (behind <= CLOSE_EVENTS) return
  }
}

async function compare(session: Session, copy: Copy, name: string) {
  const { db } = session
  const { read } = createCheckpoints(db)
  const folded = (await goalsOf(db, name, 'read')).map(({ partition }) => partition)
  const partitions = new Set([...folded, ...(await partitionsIn(db, copy.pair.table))])
  return compareTables(session, copy.pair, [...partitions], async (partition) => {
    const { position } = await pointInLog(db, partition, await read(name, partition))
    await copy.fold(partition, position)
  })
}

async function swapWhenFree(
  { session, projection: { name }, onProgress, onWait }: RebuildOptions,
  copy: Copy,
  renames: readonly string[],
): Promise<{ heldMs: number; events: bigint }> {
  const { db } = session
  for (let attempt = 0; ; attempt += 1) {
    if (!(await isUsedByLongTransaction(db, name))) {
      const revert = copy.mark()
      try {
        return await session.transaction(() => swap(db, copy, name, renames))
      } catch (error) {
        if (!isLockTimeout(error)) throw error
        revert()
      }
    }
    if (attempt === 0) onWait?.()
    await sleep(RETRY_MS)
    await catchUp(db, copy, name, onProgress)
  }
}

/** Swaps the tables. The projector waits until the transaction ends; queries wait only for the renames. */
async function swap(db: Database, copy: Copy, name: string, renames: readonly string[]) {
  await db.execute(sql.raw(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`))
  const goals = await goalsOf(db, name, 'hold')
  const heldAt = performance.now()
  for (const { partition, point } of goals) await copy.fold(partition, point.position)
  await db.execute(sql`lock table views.${sql.identifier(name)} in access exclusive mode`)
  for (const rename of renames) await db.execute(sql.raw(rename))
  const { renew } = createCheckpoints(db)
  for (const { partition, point, isLost } of goals)
    await (isLost ? putBack(db, name, partition, point) : renew(name, partition))
  return {
    heldMs: performance.now() - heldAt,
    events: goals.reduce((sum, { point }) => sum + point.position, 0n),
  }
}

/** The point up to which the copy is folded in a partition. */
interface Goal {
  readonly partition: Partition
  readonly point: LogPoint
  /** Whether the log lacks the checkpoint. Then the point is the end of the last commit before it. */
  readonly isLost: boolean
}

/** @param how `hold` locks the checkpoints, in ascending order of the partitions */
async function goalsOf(db: Database, name: string, how: 'hold' | 'read'): Promise<Goal[]> {
  const rows = await db
    .select({ partition: checkpoints.partition })
    .from(checkpoints)
    .where(eq(checkpoints.projection, name))
    .orderBy(asc(checkpoints.partition))
  const find = createCheckpoints(db)[how]
  const goals: Goal[] = []
  for (const { partition } of rows) {
    const checkpoint = await find(name, partition)
    const point = await pointInLog(db, partition, checkpoint)
    goals.push({ partition, point, isLost: point !== checkpoint })
  }
  return goals
}
