/**
 * Compares a table with a copy that was built from the log, while other processes write to the table. Each short transaction
 * compares one range of keys: it sees the table at one position of the log, folds the copy up to that position, and compares the
 * range in both. A range that is equal once stays equal, because the same events change both tables in the same way. So no
 * writer or reader is blocked, and no snapshot is held for long.
 */
import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { Database, Session } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'

export interface TablePair {
  /** With the schema, for example `views.orders`. */
  readonly table: string
  readonly copy: string
  /** The columns of the primary key after `partition`. */
  readonly key: readonly string[]
}

export interface Comparison {
  readonly rows: number
  readonly copyRows: number
  /** Some of the rows that differ or exist in only one of the tables, as text for operators. */
  readonly differences: readonly string[]
}

export interface ComparedRange extends Comparison {
  /** The last key of the range; null if it was the last range. */
  readonly end: readonly string[] | null
}

const RANGE_ROWS = 5000
const MAX_DIFFERENCES = 6

/** @param follow folds the copy up to the position of the table in the current transaction */
export async function compareTables(
  session: Session,
  pair: TablePair,
  partitions: readonly Partition[],
  follow: (partition: Partition) => Promise<void>,
): Promise<Comparison> {
  const total = { rows: 0, copyRows: 0, differences: [] as string[] }
  for (const partition of partitions) {
    let after: readonly string[] | null = null
    do {
      const range: ComparedRange = await inSnapshot(session, pair.table, async () => {
        await follow(partition)
        return compareRange(session.db, pair, partition, after)
      })
      total.rows += range.rows
      total.copyRows += range.copyRows
      total.differences.push(...range.differences.slice(0, MAX_DIFFERENCES - total.differences.length))
      after = range.end
    } while (after !== null)
  }
  return total
}

/**
 * Runs `work` in a transaction with one snapshot. It locks the table before it takes the snapshot: otherwise another table, whose
 * rows are newer than the snapshot, could replace it in between.
 */
async function inSnapshot<T>(session: Session, table: string, work: () => Promise<T>): Promise<T> {
  return session.transaction(async () => {
    await session.db.execute(sql`set transaction isolation level repeatable read`)
    await session.db.execute(sql`lock table ${sql.raw(table)} in access share mode`)
    return work()
  })
}

async function compareRange(
  db: Database,
  { table, copy, key }: TablePair,
  partition: Partition,
  after: readonly string[] | null,
): Promise<ComparedRange> {
  const columns = sql.join(
    key.map((column) => sql.identifier(column)),
    sql`, `,
  )
  const tuple = (values: readonly string[]) =>
    sql`(${sql.join(
      values.map((value) => sql`${value}`),
      sql`, `,
    )})`
  const beyond = after === null ? sql`` : sql` and (${columns}) > ${tuple(after)}`
  const endOf = (name: string) => sql`(select ${columns} from ${sql.raw(name)}
    where partition = ${partition}${beyond} order by ${columns} offset ${RANGE_ROWS - 1} limit 1)`
  const [found] = await db.execute<Record<string, string>>(
    sql`select * from (${endOf(table)} union all ${endOf(copy)}) ends order by ${columns} limit 1`,
  )
  const end = found === undefined ? null : key.map((column) => String(found[column]))
  const upTo = end === null ? sql`` : sql` and (${columns}) <= ${tuple(end)}`
  const rowsOf = (name: string) =>
    sql`(select * from ${sql.raw(name)} where partition = ${partition}${beyond}${upTo})`
  const [is, should] = [await digest(db, rowsOf(table)), await digest(db, rowsOf(copy))]
  const equal = is.rows === should.rows && is.hash === should.hash
  const differences = equal ? [] : await differing(db, rowsOf(table), rowsOf(copy))
  return { rows: is.rows, copyRows: should.rows, differences, end }
}

/**
 * Counts the rows, and hashes all of them independently of their order. Hashing the values takes a quarter of the time of hashing
 * their text.
 */
async function digest(db: Database, rows: SQL): Promise<{ rows: number; hash: string }> {
  const [found] = await db.execute<{ rows: number; hash: string }>(
    sql`select count(*)::int as rows, coalesce(sum(hash_record_extended(t, 0)), 0)::text as hash from ${rows} t`,
  )
  return found as { rows: number; hash: string }
}

async function differing(db: Database, rows: SQL, copied: SQL): Promise<string[]> {
  const found = await db.execute<{ row: string }>(
    sql`(select 'is        ' || t::text as row from (select r::text as t from ${rows} r except all select c::text from ${copied} c limit 3) t)
      union all
      (select 'should be ' || t::text as row from (select c::text as t from ${copied} c except all select r::text from ${rows} r limit 3) t)`,
  )
  return found.map(({ row }) => row)
}

/** The partitions of a table's rows, even if the log does not have them. Makes one index probe per partition. */
export async function partitionsIn(db: Database, table: string): Promise<Partition[]> {
  const from = sql.raw(table)
  const rows = await db.execute<{ partition: number }>(
    sql`with recursive found as (
        (select partition from ${from} order by partition limit 1)
        union all
        select (select partition from ${from} where partition > found.partition order by partition limit 1)
        from found where found.partition is not null
      ) select partition from found where partition is not null`,
  )
  return rows.map(({ partition }) => partition)
}
