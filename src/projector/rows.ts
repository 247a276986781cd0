import { and, desc, eq, getTableColumns, sql } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/pg-core'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { pack, packed, prepareInsert } from '../lib/bulk.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import type { ProjectedRow, Projection } from './projection.ts'

/** The rows of a projection's table, by key. */
export interface Rows {
  /** What the fold goes on from: for each key that has been seen, its row, or the last one. */
  load(partition: Partition, keys: readonly string[]): Promise<ProjectedRow[]>
  save(rows: readonly ProjectedRow[]): Promise<void>
}

/** @param tableName the projection's own table, or a copy that is being built */
export function createRows(db: Database, projection: Projection, tableName: string = projection.name): Rows {
  const table = projection.tableNamed(tableName)
  const key = keyColumn(projection, tableName)
  const inPartition = eq(table.partition, sql.placeholder('partition'))
  const ofKeys = db
    .select()
    .from(table)
    .where(and(sql`${key} = any(${packed('keys')})`, inPartition))
    .prepare('load_rows')
  // One index probe a key, however many rows it has.
  const last = db
    .select()
    .from(table)
    .where(and(sql`${key} = wanted.key`, inPartition))
    .orderBy(desc(table.position))
    .limit(1)
    .as('last')
  const lastOfKeys = db
    .select({ ...getTableColumns(table), ...last._.selectedFields })
    .from(sql`unnest(${packed('keys')}) as wanted(key)`)
    .crossJoinLateral(last)
    .prepare('load_last_rows')
  const select = projection.keeps === 'latest' ? ofKeys : lastOfKeys
  const insert =
    projection.keeps === 'latest' ? prepareInsert(db, table, primaryKeyOf(table)) : prepareInsert(db, table)

  return {
    load: async (partition, keys) =>
      keys.length === 0
        ? []
        : ((await select.execute({ partition, keys: pack(keys) })) as unknown[] as ProjectedRow[]),
    save: (rows) => insert(rows),
  }
}

function keyColumn(projection: Projection, tableName: string): PgColumn {
  const column = getTableColumns(projection.tableNamed(tableName))[projection.key]
  if (column === undefined) throw new Error(`Projection ${projection.name} has no column ${projection.key}.`)
  return column
}

function primaryKeyOf(table: Parameters<typeof getTableConfig>[0]): PgColumn[] {
  return getTableConfig(table).primaryKeys.flatMap((key) => key.columns)
}
