import DataLoader from 'dataloader'
import { getTableColumns, sql } from 'drizzle-orm'
import { intArray, pack, packed } from '../lib/bulk.ts'
import { groupBy } from '../lib/group-by.ts'
import type { Database } from '../lib/postgres.ts'
import { allPartitions } from '../log/partition.ts'
import { keyOfRow, selectLast } from '../projector/rows.ts'
import type { ProjectedRow, Projection } from '../projector/projection.ts'

/** Reads rows of a `latest` projection by key. */
export interface PointReads<Row extends ProjectedRow> {
  /** All rows of a key: at most one per partition. */
  readonly one: (key: string) => Promise<readonly Row[]>
  /** All rows of many keys, in one statement. */
  readonly many: (keys: readonly string[]) => Promise<readonly Row[]>
}

/** More keys than this are read in several statements. */
const MAX_KEYS = 1000

/** Combines all keys that any requests ask for within one turn of the event loop into one statement. */
export function createPointReads<Row extends ProjectedRow>(
  db: Database,
  projection: Projection<Row>,
  partitions: number,
): PointReads<Row> {
  const table = projection.tableNamed(projection.name)
  const key = getTableColumns(table)[projection.key]
  const parts = intArray(allPartitions(partitions))
  const select = selectLast(
    db,
    table,
    sql`unnest(${packed('keys')}) as wanted(key), unnest(${parts}) as parts(partition)`,
    sql`${table.partition} = parts.partition and ${key} = wanted.key`,
  ).prepare('point_read')

  async function many(keys: readonly string[]): Promise<readonly Row[]> {
    if (keys.length === 0) return []
    return (await select.execute({ keys: pack(keys) })) as unknown[] as Row[]
  }

  const loader = new DataLoader<string, readonly Row[]>(
    async (keys) => {
      const found = groupBy(await many([...new Set(keys)]), (row) => keyOfRow(projection, row))
      return keys.map((wanted) => found.get(wanted) ?? [])
    },
    { cache: false, maxBatchSize: MAX_KEYS, batchScheduleFn: (send) => setImmediate(send) },
  )
  return { one: (wanted) => loader.load(wanted), many }
}
