import { and, eq, gte, inArray, sql } from 'drizzle-orm'
import { MAX_QUANTITY } from '../domain/values.ts'
import { pack } from '../lib/bulk.ts'
import type { Database } from '../lib/postgres.ts'
import { availabilityTable } from './availability.ts'
import type { AvailabilityRow, StockStatus } from './availability.ts'
import { keysetClauses, toPage } from './page.ts'
import type { Page, PageRequest } from './page.ts'

export interface ProductFilter {
  readonly skus: readonly string[] | null
  readonly skuStartsWith: string | null
  readonly status: readonly StockStatus[] | null
}

export interface ProductOrder {
  readonly field: 'SKU' | 'AVAILABLE'
  readonly descending: boolean
}

/** The values of the order's columns, which identify a product's position in a list. */
export type ProductKeyset = readonly [sku: string] | readonly [available: number, sku: string]

export function productKeyset(row: AvailabilityRow, order: ProductOrder): ProductKeyset {
  return order.field === 'SKU' ? [row.sku] : [row.available, row.sku]
}

export type ListProducts = (
  filter: ProductFilter,
  order: ProductOrder,
  request: PageRequest<ProductKeyset>,
) => Promise<Page<AvailabilityRow>>

/** Reads a page from each partition, by an index in the order of the list, and merges the pages. */
export function createProductList(db: Database, partitions: number): ListProducts {
  const table = availabilityTable
  return async (filter, order, request) => {
    const columns = order.field === 'SKU' ? [table.sku] : [table.available, table.sku]
    const { where, orderBy } = keysetClauses({ columns, descending: order.descending }, request)
    const { skus, skuStartsWith, status } = filter
    if (skus !== null) where.push(sql`${table.sku} = any(string_to_array(${pack(skus)}, e'\\x1f'))`)
    if (skuStartsWith !== null) where.push(sql`starts_with(${table.sku}, ${skuStartsWith})`)
    if (status !== null) where.push(inArray(table.status, [...status]))
    // This condition always holds, and lets Postgres use the partial index in this order.
    if (order.field === 'AVAILABLE') where.push(gte(table.available, -MAX_QUANTITY))
    const pages = await Promise.all(
      Array.from({ length: partitions }, (_, partition) =>
        db
          .select()
          .from(table)
          .where(and(eq(table.partition, partition), ...where))
          .orderBy(...orderBy)
          .limit(request.limit + 1),
      ),
    )
    const reversed = (request.direction === 'backward') !== order.descending
    return toPage(merge(pages, order, reversed).slice(0, request.limit + 1), request)
  }
}

function merge(
  pages: readonly AvailabilityRow[][],
  order: ProductOrder,
  reversed: boolean,
): readonly AvailabilityRow[] {
  if (pages.length === 1) return pages[0] as AvailabilityRow[]
  const compare = (a: AvailabilityRow, b: AvailabilityRow) =>
    (order.field === 'SKU' ? 0 : a.available - b.available) || compareBytes(a.sku, b.sku)
  return pages.flat().toSorted((a, b) => (reversed ? compare(b, a) : compare(a, b)))
}

/** Compares as Postgres compares ids. JavaScript compares UTF-16 code units, which sorts some characters differently. */
const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
