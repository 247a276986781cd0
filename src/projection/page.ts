/** Keyset pagination: a page begins where a row stands, so that it costs the same however deep it is. */
import { asc, desc, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'

export interface PageRequest<Place> {
  /** `backward`: the last rows of what is asked for, rather than the first. */
  readonly direction: 'forward' | 'backward'
  readonly limit: number
  /** Only rows beyond this place, in the direction of the page. */
  readonly beyond: Place | null
  /** Only rows before this place, seen in the direction of the page. */
  readonly until: Place | null
}

export interface Page<Row> {
  /** In the order of the list, whichever way it was asked for. */
  readonly rows: readonly Row[]
  /** There are more rows in the direction of the page. */
  readonly more: boolean
}

/** A list's order: its columns, all of them ascending or all descending, the last one unique. */
export interface ListOrder {
  readonly columns: readonly PgColumn[]
  readonly descending: boolean
}

/** The WHERE and ORDER BY of a page; ask for one row more than the limit, to learn whether there is more. */
export function keyset(
  { columns, descending }: ListOrder,
  request: PageRequest<readonly unknown[]>,
): { where: SQL[]; orderBy: SQL[] } {
  const reversed = (request.direction === 'backward') !== descending
  const place = (values: readonly unknown[]) =>
    sql`(${sql.join(
      values.map((value) => sql`${value}`),
      sql`, `,
    )})`
  const row = sql`(${sql.join([...columns], sql`, `)})`
  const where: SQL[] = []
  if (request.beyond !== null)
    where.push(sql`${row} ${sql.raw(reversed ? '<' : '>')} ${place(request.beyond)}`)
  if (request.until !== null) where.push(sql`${row} ${sql.raw(reversed ? '>' : '<')} ${place(request.until)}`)
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
