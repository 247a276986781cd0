import DataLoader from 'dataloader'
import { desc, getTableColumns, sql } from 'drizzle-orm'
import { pack, packed } from '../lib/bulk.ts'
import { groupBy } from '../lib/group-by.ts'
import type { Database } from '../lib/postgres.ts'
import { keyOfRow } from '../projector/rows.ts'
import type { ProjectedRow, Projection } from '../projector/projection.ts'

/** Rows of a `latest` projection by key. */
export interface PointReads<Row extends ProjectedRow> {
  /** All that the projection has of a key: one row, or one a partition. */
  readonly one: (key: string) => Promise<readonly Row[]>
  /** Of many keys, in one statement. */
  readonly many: (keys: readonly string[]) => Promise<readonly Row[]>
}

/** More keys than this at once are asked for in several statements. */
const MAX_KEYS = 1000

/** Whatever is asked for within one turn of the event loop, by whichever requests, is one statement. */
export function createPointReads<Row extends ProjectedRow>(
  db: Database,
  projection: Projection<Row>,
  partitions: number,
): PointReads<Row> {
  const table = projection.tableNamed(projection.name)
  const key = getTableColumns(table)[projection.key]
  // One index probe per key and partition, however many old versions Postgres keeps of the row.
  const last = db
    .select()
    .from(table)
    .where(sql`${table.partition} = parts.partition and ${key} = wanted.key`)
    .orderBy(desc(table.position))
    .limit(1)
    .as('last')
  const select = db
    .select({ ...getTableColumns(table), ...last._.selectedFields })
    .from(
      sql`unnest(${packed('keys')}) as wanted(key), unnest(${allPartitions(partitions)}) as parts(partition)`,
    )
    .crossJoinLateral(last)
    .prepare('point_read')

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

/** Every partition there is, as an array constant: whoever names no key's partition names all of them. */
const allPartitions = (partitions: number) => sql.raw(`'{${[...Array(partitions).keys()].join(',')}}'::int[]`)
