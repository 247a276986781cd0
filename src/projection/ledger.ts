import { and, asc, eq, gt, lte, sql } from 'drizzle-orm'
import type { LogPosition, Sku } from '../domain/values.ts'
import type { Database } from '../lib/postgres.ts'
import { partitionOf } from '../log/partition.ts'
import type { Partition } from '../log/partition.ts'
import { movementsTable as table } from './movements.ts'
import type { MovementRow } from './movements.ts'
import { keyset, toPage } from './page.ts'
import type { Page, PageRequest } from './page.ts'

/** Reads of the movements. */
export interface Ledger {
  /** A product's movements, oldest first. A place is a position. */
  page(sku: string, request: PageRequest<readonly [LogPosition]>): Promise<Page<MovementRow>>
  /**
   * A partition's movements after one position and up to another, in order, at most `limit` of them.
   *
   * @param sku only this product's; null for all
   */
  range(
    partition: Partition,
    sku: string | null,
    after: LogPosition,
    upTo: LogPosition,
    limit: number,
  ): Promise<MovementRow[]>
}

export function createLedger(db: Database, partitions: number): Ledger {
  const range = db
    .select()
    .from(table)
    .where(
      and(
        eq(table.partition, sql.placeholder('partition')),
        gt(table.position, sql.placeholder('after')),
        lte(table.position, sql.placeholder('upTo')),
      ),
    )
    .orderBy(asc(table.position))
    .limit(sql.placeholder('limit'))
    .prepare('ledger_range')
  const rangeOfProduct = db
    .select()
    .from(table)
    .where(
      and(
        eq(table.partition, sql.placeholder('partition')),
        eq(table.sku, sql.placeholder('sku')),
        gt(table.position, sql.placeholder('after')),
        lte(table.position, sql.placeholder('upTo')),
      ),
    )
    .orderBy(asc(table.position))
    .limit(sql.placeholder('limit'))
    .prepare('ledger_range_of_product')

  return {
    async page(sku, request) {
      const { where, orderBy } = keyset({ columns: [table.position], descending: false }, request)
      const found = await db
        .select()
        .from(table)
        .where(
          and(eq(table.partition, partitionOf(sku as Sku, partitions)), eq(table.sku, sku as Sku), ...where),
        )
        .orderBy(...orderBy)
        .limit(request.limit + 1)
      return toPage(found, request)
    },
    async range(partition, sku, after, upTo, limit) {
      return sku === null
        ? range.execute({ partition, after, upTo, limit })
        : rangeOfProduct.execute({ partition, sku, after, upTo, limit })
    },
  }
}
