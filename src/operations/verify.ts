/**
 * Proves from the database alone that nothing was lost, duplicated or oversold: it rebuilds everything from the log in separate tables
 * and compares these with the existing ones.
 *
 * It can run at any time, also while servers write and projections are rebuilt: every statement and transaction is short, so that
 * Postgres can remove old row versions. Memory is bounded, whatever the size of the tables.
 */
import { sql } from 'drizzle-orm'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import type { LogPosition } from '../domain/values.ts'
import { isUnavailable } from '../lib/postgres-error.ts'
import type { Database, Session } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import { createLogReader } from '../log/read.ts'
import type { LogEntry, LogReader } from '../log/read.ts'
import { projections } from '../projection/all.ts'
import { COPY_PAGE_EVENTS } from '../projector/copy.ts'
import { checked } from './verify/check.ts'
import type { Check } from './verify/check.ts'
import { checkConsumers } from './verify/consumers.ts'
import { checkLog } from './verify/log.ts'
import { checkCommands, checkReceipts } from './verify/receipts.ts'
import { checkRules } from './verify/rules.ts'
import { checkConstraints, checkPartitions } from './verify/structure.ts'
import { dropWorkTables, projectionSubject, stockSubject } from './verify/subject.ts'
import type { Subject } from './verify/subject.ts'

export interface VerifyOptions {
  /** Called several times; the sessions are used concurrently. */
  readonly openSession: () => Session
  /** How long the receipt of a command is kept. */
  readonly receiptRetentionHours: number
  /** Called with each completed check. */
  readonly onCheck: (check: Check) => void
  /** Called with the number of events read so far, and their total. */
  readonly onProgress: (done: bigint, total: bigint) => void
}

/** Another run of verify is active on this database. */
export class VerifyingAlready extends Error {
  override readonly name = 'VerifyingAlready'
  override readonly message = 'Another process is verifying this database.'
}

/** @returns all checks; the database is sound if all of them hold */
export async function verifyDatabase(options: VerifyOptions): Promise<Check[]> {
  const sessions: Session[] = []
  const openSession = () => {
    const session = options.openSession()
    sessions.push(session)
    return session
  }
  const { db } = openSession()
  try {
    await claim(db)
    return await verify(options, db, openSession)
  } finally {
    // Closing its session releases the lock.
    await Promise.all(sessions.map((session) => session.close()))
  }
}

/** An arbitrary number for the advisory lock. */
const VERIFY_LOCK = 7_201_844

async function claim(db: Database): Promise<void> {
  const [row] = await db.execute<{ claimed: boolean }>(
    sql`select pg_try_advisory_lock(${VERIFY_LOCK}) as claimed`,
  )
  if (row?.claimed !== true) throw new VerifyingAlready()
}

async function verify(options: VerifyOptions, db: Database, openSession: () => Session): Promise<Check[]> {
  const checks: Check[] = []
  const report = (...done: readonly Check[]) => {
    for (const check of done) {
      checks.push(check)
      options.onCheck(check)
    }
  }
  const heads = await createLogReader(db).heads()
  const partitions = [...heads.keys()]
  report(await checkConstraints(db), await checkPartitions(db, new Set(partitions)))
  const log = await checkLog(db, heads)
  report(...log, await checkConsumers(db))
  // If the log lacks events, nothing can be derived from it.
  if (log.some(({ holds }) => !holds)) return checks

  await dropWorkTables(db, projections)
  try {
    const subjects = [await stockSubject(openSession())]
    for (const projection of projections) subjects.push(await projectionSubject(openSession(), projection))
    const failures = new Map<Subject, string>()
    const commands = await replayLog(options, db, partitions, subjects, failures)
    report(...(await compare(subjects, failures, partitions)), await checkAnswers(db, partitions, commands))
    report(...(await checkRules(db, partitions)))
  } finally {
    await dropWorkTables(db, projections)
  }
  return checks
}

/** Reads the log once, for all subjects. @returns what is wrong with commands */
async function replayLog(
  { onProgress, receiptRetentionHours }: VerifyOptions,
  db: Database,
  partitions: readonly Partition[],
  subjects: readonly Subject[],
  failures: Map<Subject, string>,
): Promise<string[]> {
  const log = createLogReader(db)
  const wrong: string[] = []
  const heads = await log.heads()
  const total = [...heads.values()].reduce((sum, { position }) => sum + position, 0n)
  let before = 0n
  for (const partition of partitions) {
    const goals = new Map<Subject, LogPosition>()
    for (const subject of subjects) goals.set(subject, await subject.goal(partition))
    const takers = subjects.map(
      (subject) => (page: readonly LogEntry[]) =>
        takeUpTo(subject, partition, page, goals.get(subject), failures),
    )
    takers.push(async (page) => {
      const [first, last] = [page[0] as LogEntry, page.at(-1) as LogEntry]
      const from = (first.position - 1n) as LogPosition
      wrong.push(...(await checkCommands(db, partition, from, last.position, receiptRetentionHours)))
    })
    const head = heads.get(partition)?.position ?? 0n
    await throughPages(log, partition, head, takers, (at) => onProgress(before + at, total))
    before += head
  }
  return wrong
}

type TakePage = (page: readonly LogEntry[]) => Promise<void>

/** Gives each taker the pages in order. A fast taker is at most one page ahead of the others. */
async function throughPages(
  log: LogReader,
  partition: Partition,
  head: bigint,
  takers: readonly TakePage[],
  onPage: (at: LogPosition) => void,
): Promise<void> {
  let taking = takers.map(() => Promise.resolve())
  let next = log.read(partition, 0n as LogPosition, COPY_PAGE_EVENTS)
  for (let at = 0n; at < head;) {
    const page = await next
    const last = page.at(-1)
    if (last === undefined) break
    const before = taking
    taking = takers.map(async (take, index) => {
      await before[index]
      await take(page)
    })
    next = log.read(partition, last.position, COPY_PAGE_EVENTS)
    for (const started of [next, ...taking]) started.catch(() => {})
    await Promise.all(before)
    at = last.position
    onPage(last.position)
  }
  await Promise.all([next, ...taking])
}

async function takeUpTo(
  subject: Subject,
  partition: Partition,
  page: readonly LogEntry[],
  goal: LogPosition | undefined,
  failures: Map<Subject, string>,
): Promise<void> {
  if (failures.has(subject)) return
  const last = page.at(-1)
  const entries =
    last !== undefined && last.position <= (goal ?? 0n)
      ? page
      : page.filter(({ position }) => position <= (goal ?? 0n))
  if (entries.length === 0) return
  try {
    await subject.take(partition, entries)
  } catch (error) {
    failures.set(subject, reasonOf(error))
  }
}

/** @throws the error if it is not about the content of the log */
function reasonOf(error: unknown): string {
  if (error instanceof DrizzleQueryError || isUnavailable(error)) throw error
  return (error as Error).message
}

async function compare(
  subjects: readonly Subject[],
  failures: ReadonlyMap<Subject, string>,
  partitions: readonly Partition[],
): Promise<Check[]> {
  const compared = await Promise.all(
    subjects.map(async (subject) => {
      const failed = (reason: string) => [checked(subject.claim, [reason], '')]
      const failure = failures.get(subject)
      if (failure !== undefined) return failed(failure)
      return subject.compare(partitions).catch((error: unknown) => failed(reasonOf(error)))
    }),
  )
  return compared.flat()
}

async function checkAnswers(
  db: Database,
  partitions: readonly Partition[],
  commands: readonly string[],
): Promise<Check> {
  const wrong = [...commands]
  let receipts = 0
  for (const partition of partitions) {
    const found = await checkReceipts(db, partition)
    receipts += found.receipts
    wrong.push(...found.wrong)
  }
  return checked('Every command is in the log once, where its receipt says.', wrong, `${receipts} receipts`)
}
