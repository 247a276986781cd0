import postgres from 'postgres'
import { until } from '../../support/until.ts'
import type { Bench } from '../suite.ts'

/** Reads how far the projections are behind the log. */
export interface Lag {
  /** Events that the slowest projection has not applied yet. */
  readonly read: () => Promise<number>
  readonly gone: () => Promise<void>
}

const GIVE_UP_MS = 120_000

export function lagOf({ onEnd }: Bench, databaseUrl: string): Lag {
  const sql = postgres(databaseUrl, { max: 1 })
  onEnd(() => sql.end())
  async function read(): Promise<number> {
    const [row] = await sql`select max(head - position) as lag from views.read_progress()`
    return Number(row?.['lag'])
  }
  return {
    read,
    gone: async () => void (await until(async () => (await read()) === 0, GIVE_UP_MS)),
  }
}
