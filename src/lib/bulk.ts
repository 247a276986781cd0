/**
 * Writes many rows with one prepared statement. Each column is sent as one string whose values are separated by U+001F,
 * because `string_to_array` is the cheapest way into Postgres: it takes half the time of an array literal on both sides. No
 * value contains the separators: ids and reasons have no control characters, and JSON escapes them.
 */
import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import type { InferInsertModel, SQL } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/pg-core'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Database } from './postgres.ts'

const SEPARATOR = '\u001f'
const NULL = '\u001e'

/** A `text[]` of the values that the parameter `name` has when the statement runs; `pack` encodes them. */
export const packed = (name: string): SQL =>
  sql`string_to_array(${sql.placeholder(name)}, e'\\x1f', e'\\x1e')`

export const pack = (values: readonly (string | number | bigint | null)[]): string =>
  values.map((value) => value ?? NULL).join(SEPARATOR)

/** Numbers as a constant of the statement. */
export const intArray = (values: readonly number[]): SQL => sql.raw(`'{${values.join()}}'::int[]`)

/** The packed parameters `names` side by side as the columns of rows, for joins and `in`. */
export const packedRows = (...names: string[]): SQL =>
  sql`unnest(${sql.join(
    names.map((name) => packed(name)),
    sql`, `,
  )})`

type Insert<Table extends PgTable> = (rows: readonly InferInsertModel<Table>[]) => Promise<void>

/** More rows than this are split over several statements, so that encoding one does not block the event loop for long. */
const MAX_ROWS = 2000

/** Splits the rows into parts, and calls `work` for one part after another. */
export async function inParts<Row>(
  rows: readonly Row[],
  work: (part: readonly Row[]) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < rows.length; at += MAX_ROWS) await work(rows.slice(at, at + MAX_ROWS))
}

/** Up to this many rows are deleted one by one. To find several at once, Postgres could scan a small table with all its dead rows. */
const MAX_SINGLE_ROWS = 16

/** A row that is to be replaced: its key and the version that it must have. */
export type ReplacedRow = readonly [key: string, version: bigint]

/**
 * Prepares the deletion of rows by key and version, before their replacements are inserted.
 *
 * A row that changes often is not updated in place. Its primary key ends with its version, each change deletes the row and
 * inserts another one, and readers take the row with the highest version. So each change and each read takes one index probe,
 * however many dead versions Postgres keeps for an open snapshot, such as a dump. An update in place would have to skip all of
 * them.
 *
 * @throws Error if a row does not have this version, because another process has changed it
 */
export function prepareReplace(
  db: Database,
  table: PgTable,
  { partition, key, version }: { partition: PgColumn; key: PgColumn; version: PgColumn },
): (partition: number, rows: readonly ReplacedRow[]) => Promise<void> {
  const removeOne = db
    .delete(table)
    .where(
      and(
        eq(partition, sql.placeholder('partition')),
        eq(key, sql.placeholder('key')),
        sql`${version} = ${sql.placeholder('version')}::bigint`,
      ),
    )
    .prepare('replace_one')
  const removeMany = db
    .delete(table)
    .where(
      sql`${partition} = ${sql.placeholder('partition')}
        and (${key}, ${version}) in (select c0, c1::bigint from ${packedRows('keys', 'versions')} as rows(c0, c1))`,
    )
    .prepare('replace')
  const { schema, name } = getTableConfig(table)

  async function remove(of: number, rows: readonly ReplacedRow[]): Promise<number> {
    if (rows.length > MAX_SINGLE_ROWS) {
      const keys = pack(rows.map(([value]) => value))
      const versions = pack(rows.map(([, value]) => value))
      return (await removeMany.execute({ partition: of, keys, versions })).count
    }
    const removed = rows.map(([value, at]) =>
      removeOne.execute({ partition: of, key: value, version: String(at) }),
    )
    return (await Promise.all(removed)).reduce((sum, { count }) => sum + count, 0)
  }

  return async (of, rows) => {
    const count = await remove(of, rows)
    if (count === rows.length) return
    throw new Error(
      `${schema}.${name} has only ${count} of ${rows.length} rows in the version that this process has read.`,
    )
  }
}

/** @param onConflict the columns of the key; rows with the same key are replaced. Without it, a conflict is an error. */
export function prepareInsert<Table extends PgTable>(
  db: Database,
  table: Table,
  onConflict?: PgColumn[],
): Insert<Table> {
  const columns = Object.entries(getTableColumns(table))
  const source = sql`select ${sql.join(
    columns.map(([, column], at) => sql.raw(`c${at}::${column.getSQLType().replace(/ collate .*/, '')}`)),
    sql`, `,
  )} from ${packedRows(...columns.map(([name]) => name))} as rows(${sql.raw(columns.map((_, at) => `c${at}`).join())})`
  const insert = db.insert(table).select(source as never)
  const replaced = columns.filter(([, column]) => !onConflict?.includes(column))
  const statement =
    onConflict === undefined
      ? insert
      : insert.onConflictDoUpdate({
          target: onConflict,
          set: Object.fromEntries(
            replaced.map(([name, column]) => [name, sql`excluded.${sql.identifier(column.name)}`]),
          ) as never,
        })
  const prepared = statement.prepare('bulk')
  return (rows) => inParts(rows, insertPart)

  async function insertPart(rows: readonly InferInsertModel<Table>[]): Promise<void> {
    const values: Record<string, string> = {}
    for (const [name, column] of columns) {
      values[name] = pack(
        rows.map((row) => {
          const value = (row as Record<string, unknown>)[name]
          return value === null || value === undefined
            ? null
            : (column.mapToDriverValue(value) as string | number)
        }),
      )
    }
    await prepared.execute(values)
  }
}
