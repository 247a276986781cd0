import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { UsageError } from './command.ts'

export interface CsvFile {
  /** Of the content: the same file has the same one, wherever it lies. */
  readonly fingerprint: string
  readonly rows: readonly CsvRow[]
}

export interface CsvRow {
  /** Of the file, from 1. */
  readonly line: number
  readonly values: Readonly<Record<string, string>>
}

/** @throws UsageError if it cannot be read, or has not these columns */
export async function readCsv(path: string, columns: readonly string[]): Promise<CsvFile> {
  try {
    const bytes = await readFile(path)
    const text = path.endsWith('.gz') ? gunzipSync(bytes) : bytes
    const records = parse(text, {
      columns: true,
      bom: true,
      info: true,
      trim: true,
      comment: '#',
      relax_quotes: true,
    }) as {
      record: Record<string, string>
      info: { lines: number }
    }[]
    const missing = columns.filter((column) => records[0] !== undefined && !(column in records[0].record))
    if (missing.length > 0) throw new UsageError(`${path} has no column ${missing.join(', ')}.`)
    return {
      fingerprint: createHash('sha256').update(bytes).digest('hex').slice(0, 16),
      rows: records.map(({ record, info }) => ({ line: info.lines, values: record })),
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`)
  }
}
