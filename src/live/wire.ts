/**
 * Encodes and decodes the messages between processes. A message with rows begins with a line that identifies its step. The rows
 * follow as JSON, and a receiver that already has the step does not parse them.
 */
import { getTableColumns } from 'drizzle-orm'
import { parseLogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint, LogTag } from '../log/point.ts'
import type { Epoch } from '../log/token.ts'
import { projections } from '../projection/all.ts'
import type { ProjectedRow } from '../projector/projection.ts'
import type { ShardSet } from './shards.ts'

/** Announces that the log has grown by a commit. */
export interface Grown {
  /** The sender's epoch. A message of another epoch belongs to another history. */
  readonly epoch: Epoch
  readonly partition: Partition
  readonly from: LogPoint
  readonly to: LogPoint
}

/** Announces that a projector has moved from one point to another, and has changed rows in these shards. */
export interface Progressed extends Grown {
  readonly projection: string
  readonly shards: ShardSet
}

/** The rows that a step changed. `rows` parses them. */
export interface ChangedRows extends Omit<Grown, 'epoch'> {
  readonly rows: () => ProjectedRow[]
}

/** The columns whose types JSON lacks, by projection. */
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

/** A row between its JSON and its typed form. */
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
  return `${partition} ${encodePoint(from)} ${encodePoint(to)}\n${JSON.stringify(plain)}`
}

/** @throws Error if the message is malformed; `rows` may also throw one */
export function decodeRows(projection: string, message: string): ChangedRows {
  const end = message.indexOf('\n')
  const [partition, from, to] = message.slice(0, end).split(' ') as [string, string, string]
  return {
    partition: Number(partition),
    from: decodePoint(from),
    to: decodePoint(to),
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

export function encodeGrown({ epoch, partition, from, to }: Grown): string {
  return `${epoch} ${partition} ${encodePoint(from)} ${encodePoint(to)}`
}

/** @throws Error if the message is malformed */
export function decodeGrown(message: string): Grown {
  const [epoch, partition, from, to] = message.split(' ', 4) as [string, string, string, string]
  return {
    epoch: epoch as Epoch,
    partition: Number(partition),
    from: decodePoint(from),
    to: decodePoint(to),
  }
}

export function encodeProgress(progressed: Progressed): string {
  return `${encodeGrown(progressed)} ${progressed.shards.toString(16)}`
}

/** @throws Error if the message is malformed */
export function decodeProgress(projection: string, message: string): Progressed {
  const shards = message.slice(message.lastIndexOf(' ') + 1)
  return { projection, ...decodeGrown(message), shards: BigInt(`0x${shards}`) }
}

const encodePoint = ({ position, tag }: LogPoint): string => `${position}.${tag}`

/** @throws Error if the text is malformed */
function decodePoint(text: string): LogPoint {
  const [position, tag] = text.split('.', 2) as [string, string]
  return { position: parseLogPosition(position), tag: BigInt(tag) as LogTag }
}
