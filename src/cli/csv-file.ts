import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { UsageError } from './command.ts'

export interface CsvFile {
  /** A hash of the content, so a copy of the file has the same fingerprint. */
  readonly fingerprint: string
  readonly rows: readonly CsvRow[]
}

export interface CsvRow {
  /** Line number in the file, from 1. */
  readonly line: number
  readonly values: Readonly<Record<string, string>>
  /** Whether the row has more or fewer fields than the file has columns. */
  readonly ragged: boolean
}

interface CsvRecord {
  readonly record: Record<string, string>
  readonly info: { readonly lines: number; readonly error?: Error }
}

/** Comment lines at the start of the file. In later lines, `#` is part of a value. */
const COMMENTS = /^\uFEFF?(?:#.*\r?\n)*/

/** @throws UsageError if the file cannot be read, or lacks one of the columns */
export async function readCsv(path: string, columns: readonly string[]): Promise<CsvFile> {
  try {
    const bytes = await readFile(path)
    const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
    const [comments = ''] = COMMENTS.exec(text) ?? []
    const missing = new Set(columns)
    const records = parse(text, {
      columns(names: string[]) {
        for (const name of names) missing.delete(name)
        return names
      },
      from_line: comments.split('\n').length,
      bom: true,
      info: true,
      trim: true,
      skip_empty_lines: true,
      relax_quotes: true,
      relax_column_count: true,
    }) as unknown as CsvRecord[]
    if (missing.size > 0) throw new UsageError(`${path} has no column ${[...missing].join(', ')}.`)
    return {
      fingerprint: createHash('sha256').update(bytes).digest('hex').slice(0, 16),
      rows: records.map(({ record, info }) => ({
        line: info.lines,
        values: record,
        ragged: info.error !== undefined,
      })),
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`)
  }
}
