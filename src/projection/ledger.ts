import { and, asc, eq, exists, gt, lte, sql } from 'drizzle-orm'
import type { LogPosition, Sku } from '../domain/values.ts'
import { pack, packed } from '../lib/bulk.ts'
import type { Database } from '../lib/postgres.ts'
import { partitionOf } from '../log/partition.ts'
import type { Partition } from '../log/partition.ts'
import { movementsTable as table } from './movements.ts'
import type { MovementRow } from './movements.ts'
import { keysetClauses, toPage } from './page.ts'
import type { Page, PageRequest } from './page.ts'

/** Reads movements. */
export interface Ledger {
  /** A product's movements, oldest first. The keyset is the position. */
  page(sku: string, request: PageRequest<readonly [LogPosition]>): Promise<Page<MovementRow>>
  /**
   * A partition's movements after one position, up to and including another, in order, at most `limit` of them.
   *
   * @param sku the product whose movements are read; null for all products
   */
  range(
    partition: Partition,
    sku: string | null,
    after: LogPosition,
    upTo: LogPosition,
    limit: number,
  ): Promise<MovementRow[]>
  /** Those of the given products that have movements in a partition after one position, up to and including another. */
  moved(partition: Partition, skus: readonly Sku[], after: LogPosition, upTo: LogPosition): Promise<Sku[]>
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
  // Makes one index probe per product, however many movements there are.
  const moved = db
    .select({ sku: sql<Sku>`asked.sku` })
    .from(sql`unnest(${packed('skus')}) as asked(sku)`)
    .where(
      exists(
        db
          .select({ one: sql`1` })
          .from(table)
          .where(
            and(
              eq(table.partition, sql.placeholder('partition')),
              sql`${table.sku} = asked.sku collate "C"`,
              gt(table.position, sql.placeholder('after')),
              lte(table.position, sql.placeholder('upTo')),
            ),
          ),
      ),
    )
    .prepare('ledger_moved')

  return {
    async page(sku, request) {
      const { where, orderBy } = keysetClauses({ columns: [table.position], descending: false }, request)
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
    async moved(partition, skus, after, upTo) {
      const found = await moved.execute({ partition, skus: pack(skus), after, upTo })
      return found.map(({ sku }) => sku)
    },
  }
}
