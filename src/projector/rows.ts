import { desc, getTableColumns, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { pack, packed, prepareInsert, prepareReplace } from '../lib/bulk.ts'
import type { ReplacedRow } from '../lib/bulk.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import type { ProjectedRow, Projection, ProjectionTable } from './projection.ts'

/** Loads and saves the rows of a projection's table. */
export interface Rows {
  /** The last row of each key that has one. The fold continues from it. */
  load(partition: Partition, keys: readonly string[]): Promise<ProjectedRow[]>
  /**
   * @param rows all of one partition
   * @param replaced the rows in the table that they replace
   */
  save(partition: Partition, rows: readonly ProjectedRow[], replaced: readonly ProjectedRow[]): Promise<void>
}

/** @param tableName the projection's own table, or a copy that is being built */
export function createRows(db: Database, projection: Projection, tableName: string = projection.name): Rows {
  const table = projection.tableNamed(tableName)
  const key = keyColumn(projection, tableName)
  const select = selectLast(
    db,
    table,
    sql`unnest(${packed('keys')}) as wanted(key)`,
    sql`${key} = wanted.key and ${table.partition} = ${sql.placeholder('partition')}`,
  ).prepare('load_rows')
  const insert = prepareInsert(db, table)
  const replace = prepareReplace(db, table, { partition: table.partition, key, version: table.position })
  const versionOf = (row: ProjectedRow): ReplacedRow => [keyOfRow(projection, row), row.position]

  return {
    load: async (partition, keys) =>
      keys.length === 0
        ? []
        : ((await select.execute({ partition, keys: pack(keys) })) as unknown[] as ProjectedRow[]),
    async save(partition, rows, replaced) {
      await Promise.all([replace(partition, replaced.map(versionOf)), insert(rows)])
    },
  }
}

/**
 * The last row for each of `wanted`. Makes one index probe for each, however many rows or dead versions there are.
 *
 * @param where ties the rows of the table to a row of `wanted`
 */
export function selectLast(db: Database, table: ProjectionTable, wanted: SQL, where: SQL) {
  const last = db.select().from(table).where(where).orderBy(desc(table.position)).limit(1).as('last')
  return db
    .select({ ...getTableColumns(table), ...last._.selectedFields })
    .from(wanted)
    .crossJoinLateral(last)
}

export function keyOfRow(projection: Pick<Projection, 'key'>, row: ProjectedRow): string {
  return (row as unknown as Record<string, string>)[projection.key] as string
}

function keyColumn(projection: Projection, tableName: string): PgColumn {
  const column = getTableColumns(projection.tableNamed(tableName))[projection.key]
  if (column === undefined) throw new Error(`Projection ${projection.name} has no column ${projection.key}.`)
  return column
}
