/**
 * Proves from the database alone that nothing was lost, doubled or oversold: everything is made again from the log, in memory
 * or in tables that nobody else sees, and compared with what is there. One snapshot, so that it can be done at any time.
 */
import { sql } from 'drizzle-orm'
import { StockReplay } from '../command/stock-replay.ts'
import type { Database, Session } from '../lib/postgres.ts'
import { createLogReader } from '../log/read.ts'
import { projections } from '../projection/all.ts'
import { createCheckpoints } from '../projector/checkpoint.ts'
import { createCopy, differences, digest } from '../projector/copy.ts'
import { createProgressRead } from '../projector/progress.ts'
import type { PartitionProgress } from '../projector/progress.ts'

export interface Check {
  /** What is claimed. */
  readonly claim: string
  /** What it was proven with, or some of what is wrong. */
  readonly detail: string
  readonly holds: boolean
}

export interface VerifyOptions {
  readonly session: Session
  /** Told of each check as it is done. */
  readonly onCheck: (check: Check) => void
  /** Events gone through so far, of how many, for what. */
  readonly onProgress: (what: string, done: bigint, total: bigint) => void
}

/** @returns all checks; the database is as good as it says if all of them hold */
export async function verifyDatabase(options: VerifyOptions): Promise<Check[]> {
  const { session, onCheck } = options
  const checks: Check[] = []
  const report = (check: Check) => {
    checks.push(check)
    onCheck(check)
  }
  await session
    .transaction(async () => {
      await session.db.execute(sql`set transaction isolation level repeatable read`)
      const progress = await createProgressRead(session.db)()
      const log = await checkLog(session.db)
      report(log)
      // What follows from a log that lacks events, nobody can say.
      if (!log.holds) throw new Done()
      for (const check of await checkWriteSide(options)) report(check)
      for (const projection of projections) {
        const rows = progress.filter((row) => row.projection === projection.name)
        report(await checkProjection(options, projection, rows))
      }
      throw new Done()
    })
    // The copies go with the transaction.
    .catch((error: unknown) => {
      if (!(error instanceof Done)) throw error
    })
  return checks
}

class Done extends Error {}

async function checkLog(db: Database): Promise<Check> {
  const rows = await db.execute<{
    partition: number
    head: string
    events: string
    first: string
    last: string
  }>(
    sql`select p.partition, coalesce(max(e.position), 0) as head, count(e.position) as events,
        coalesce(min(e.position), 1) as first, coalesce(max(e.position), 0) as last
      from stock.log_partitions p left join stock.events e using (partition)
      group by p.partition order by p.partition`,
  )
  const broken = rows.filter(
    ({ head, events, first, last }) => head !== events || head !== last || first !== '1',
  )
  return {
    claim: 'The log is gapless.',
    holds: broken.length === 0,
    detail:
      broken.length === 0
        ? `${rows.reduce((sum, { events }) => sum + Number(events), 0)} events in ${rows.length} partition(s), counted 1 to head`
        : broken
            .map(
              (row) =>
                `partition ${row.partition}: head ${row.head}, ${row.events} events from ${row.first} to ${row.last}`,
            )
            .join('\n'),
  }
}

async function checkWriteSide({ session: { db }, onProgress }: VerifyOptions): Promise<Check[]> {
  const log = createLogReader(db)
  const replay = new StockReplay()
  for (const [partition, { position: head }] of await log.heads()) {
    for (let at = 0n as typeof head; at < head;) {
      const events = await log.read(partition, at, 10_000)
      const last = events.at(-1)
      if (last === undefined) break
      for (const recorded of events) if ('event' in recorded) replay.take(partition, recorded)
      at = last.position
      onProgress(`stock in partition ${partition}`, at, head)
    }
    replay.settle()
  }
  const batches = await replay.compareBatches(db)
  const lines = await replay.compareLines(db)
  return [
    {
      claim: 'Nothing was ever oversold.',
      holds: replay.oversold.length === 0,
      detail: some(replay.oversold) ?? 'after every command, each batch had 0 <= allocated <= quantity',
    },
    {
      claim: 'Batches are what the log says.',
      holds: batches.length === 0,
      detail: some(batches) ?? `${replay.batches} batches`,
    },
    {
      claim: 'Order lines are what the log says.',
      holds: lines.length === 0,
      detail: some(lines) ?? `${replay.lines} lines`,
    },
  ]
}

async function checkProjection(
  { session: { db }, onProgress }: VerifyOptions,
  projection: (typeof projections)[number],
  progress: readonly PartitionProgress[],
): Promise<Check> {
  const { name } = projection
  const claim = `The projection ${name} is what the log says.`
  const ahead = progress.find(({ position, head }) => position > head.position)
  if (ahead !== undefined) {
    return {
      claim,
      holds: false,
      detail: `its checkpoint ${ahead.partition}:${ahead.position} is ahead of the log`,
    }
  }
  const copy = await createCopy(db, createLogReader(db), createCheckpoints(db), projection, `${name}_verify`)
  for (const { partition, position } of progress) {
    await copy.fold(partition, position, (done) =>
      onProgress(`${name} in partition ${partition}`, done, position),
    )
  }
  const [now, replayed] = [await digest(db, name), await digest(db, copy.tableName)]
  const holds = now.rows === replayed.rows && now.hash === replayed.hash
  const lag = progress.reduce((sum, { head, position }) => sum + head.position - position, 0n)
  return {
    claim,
    holds,
    detail: holds
      ? `${now.rows} rows${lag > 0n ? `, ${lag} events behind the log` : ''}`
      : (await differences(db, name, copy.tableName)).join('\n'),
  }
}

function some(lines: readonly string[]): string | null {
  if (lines.length === 0) return null
  return lines.length <= 5
    ? lines.join('\n')
    : [...lines.slice(0, 5), `… and ${lines.length - 5} more`].join('\n')
}
