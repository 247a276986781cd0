/** Changes as text, for other processes. */
import { getTableColumns } from 'drizzle-orm'
import { parseLogPosition } from '../domain/values.ts'
import { projections } from '../projection/all.ts'
import type { Change } from '../projector/projector.ts'
import type { ProjectedRow } from '../projector/projection.ts'

/** A row's columns that JSON has no type for, by projection. */
const decoders = new Map(
  projections.map((projection) => {
    const columns = Object.entries(getTableColumns(projection.tableNamed(projection.name)))
    const decode = columns.flatMap(([name, column]): [string, (value: string) => unknown][] => {
      if (column.dataType === 'bigint') return [[name, BigInt]]
      return column.getSQLType() === 'timestamptz' ? [[name, (value) => new Date(value)]] : []
    })
    return [projection.name, decode] as const
  }),
)

export function encodeChange(change: Change): string {
  return JSON.stringify(change, (_, value) => (typeof value === 'bigint' ? String(value) : value))
}

export function decodeChange(text: string): Change {
  const { from, to, rows, ...change } = JSON.parse(text)
  const decode = decoders.get(change.projection) ?? []
  for (const row of rows)
    for (const [name, parse] of decode) if (row[name] !== null) row[name] = parse(row[name])
  return { ...change, from: parseLogPosition(from), to: parseLogPosition(to), rows: rows as ProjectedRow[] }
}
