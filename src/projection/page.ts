/** Keyset pagination: a page begins at the values of a row, so its cost does not depend on how deep in the list it is. */
import { asc, desc, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'

export interface PageRequest<Keyset> {
  /** `backward` asks for the last rows of the range instead of the first. */
  readonly direction: 'forward' | 'backward'
  readonly limit: number
  /** The page has only rows after this keyset, in the direction of the page. */
  readonly beyond: Keyset | null
  /** The page has only rows before this keyset, in the direction of the page. */
  readonly until: Keyset | null
}

export interface Page<Row> {
  /** In the order of the list, for both directions. */
  readonly rows: readonly Row[]
  /** Whether there are more rows in the direction of the page. */
  readonly more: boolean
}

/** The order of a list: its columns, which are all ascending or all descending. The last column is unique. */
export interface ListOrder {
  readonly columns: readonly PgColumn[]
  readonly descending: boolean
}

/** The WHERE and ORDER BY of a page. To find out whether there are more rows, query one row more than the limit. */
export function keysetClauses(
  { columns, descending }: ListOrder,
  request: PageRequest<readonly unknown[]>,
): { where: SQL[]; orderBy: SQL[] } {
  const reversed = (request.direction === 'backward') !== descending
  const tuple = (values: readonly unknown[]) =>
    sql`(${sql.join(
      values.map((value) => sql`${value}`),
      sql`, `,
    )})`
  const row = sql`(${sql.join([...columns], sql`, `)})`
  const where: SQL[] = []
  if (request.beyond !== null)
    where.push(sql`${row} ${sql.raw(reversed ? '<' : '>')} ${tuple(request.beyond)}`)
  if (request.until !== null) where.push(sql`${row} ${sql.raw(reversed ? '>' : '<')} ${tuple(request.until)}`)
  return { where, orderBy: columns.map((column) => (reversed ? desc(column) : asc(column))) }
}

/** @param found up to one row more than the limit, in the direction of the page */
export function toPage<Row>(found: readonly Row[], request: PageRequest<unknown>): Page<Row> {
  const rows = found.slice(0, request.limit)
  return {
    rows: request.direction === 'backward' ? rows.toReversed() : rows,
    more: found.length > request.limit,
  }
}
