/**
 * What processes tell each other of the projections, as text. A message begins with a line that says what it is about, so that
 * whoever knows that already need not parse the rest, which is the rows as JSON.
 */
import { getTableColumns } from 'drizzle-orm'
import { parseLogPosition } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import { projections } from '../projection/all.ts'
import type { ProjectedRow } from '../projector/projection.ts'
import type { ShardSet } from './shards.ts'

/** A projector has gone from one position to another, and changed rows in these shards. */
export interface Progressed {
  readonly projection: string
  readonly partition: Partition
  readonly from: LogPosition
  readonly to: LogPosition
  readonly shards: ShardSet
}

/** Rows that changed on the way; they are parsed when they are asked for. */
export interface ChangedRows {
  readonly partition: Partition
  readonly from: LogPosition
  readonly to: LogPosition
  readonly rows: () => ProjectedRow[]
}

/** The columns that JSON has no type for, by projection. */
const columns = new Map(
  projections.map((projection) => {
    const all = Object.entries(getTableColumns(projection.tableNamed(projection.name)))
    const named = (is: (column: (typeof all)[number][1]) => boolean) =>
      all.filter(([, column]) => is(column)).map(([name]) => name)
    const bigints = named((column) => column.dataType === 'bigint')
    return [
      projection.name,
      { bigints, dates: named((column) => column.getSQLType() === 'timestamptz') },
    ] as const
  }),
)

/** As they lie between JSON and rows. */
type Fields = Record<string, string | number | bigint | Date | null>

export function encodeRows(
  projection: string,
  { partition, from, to }: Pick<ChangedRows, 'partition' | 'from' | 'to'>,
  rows: readonly ProjectedRow[],
): string {
  const bigints = columns.get(projection)?.bigints ?? []
  const plain = rows.map((row) => {
    const fields = { ...row } as unknown as Fields
    for (const name of bigints) if (fields[name] !== null) fields[name] = String(fields[name])
    return fields
  })
  return `${partition} ${from} ${to}\n${JSON.stringify(plain)}`
}

/** @throws Error, from here or from `rows`, if the message is none */
export function decodeRows(projection: string, message: string): ChangedRows {
  const end = message.indexOf('\n')
  const [partition, from, to] = message.slice(0, end).split(' ') as [string, string, string]
  return {
    partition: Number(partition),
    from: parseLogPosition(from),
    to: parseLogPosition(to),
    rows() {
      const { bigints, dates } = columns.get(projection) ?? { bigints: [], dates: [] }
      const rows = JSON.parse(message.slice(end + 1)) as Fields[]
      for (const row of rows) {
        for (const name of bigints) if (row[name] !== null) row[name] = BigInt(row[name] as string)
        for (const name of dates) if (row[name] !== null) row[name] = new Date(row[name] as string)
      }
      return rows as unknown as ProjectedRow[]
    },
  }
}

export function encodeProgress({ partition, from, to, shards }: Progressed): string {
  return `${partition} ${from} ${to} ${shards.toString(16)}`
}

/** @throws Error if the message is none */
export function decodeProgress(projection: string, message: string): Progressed {
  const [partition, from, to, shards] = message.split(' ') as [string, string, string, string]
  return {
    projection,
    partition: Number(partition),
    from: parseLogPosition(from),
    to: parseLogPosition(to),
    shards: BigInt(`0x${shards}`),
  }
}
