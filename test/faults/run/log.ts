/** Reads the log from Postgres without the product's code. */
import type postgres from 'postgres'

export interface LoggedEvent {
  readonly partition: number
  readonly position: number
  readonly type: string
  readonly data: Readonly<Record<string, any>>
  readonly commandId: string
  /** Milliseconds since the epoch. */
  readonly recordedAt: number
  /** Whether it is the last event of its command. */
  readonly endsCommand: boolean
  /** Whether it is the last event of its transaction if the log has tags, else of its command. */
  readonly endsCommit: boolean
}

export async function readLog(sql: postgres.Sql): Promise<LoggedEvent[]> {
  const rows = await sql`select * from stock.events order by partition, position`
  const saysCommits = rows.some((row) => row['tag'] != null)
  return rows.map((row, at) => {
    const next = rows[at + 1]
    const endsCommand =
      next === undefined || next['partition'] !== row['partition'] || next['command_id'] !== row['command_id']
    return {
      partition: row['partition'],
      position: Number(row['position']),
      type: row['type'],
      data: row['data'],
      commandId: row['command_id'],
      recordedAt: (row['recorded_at'] as Date).getTime(),
      endsCommand,
      endsCommit: saysCommits ? row['tag'] !== null : endsCommand,
    }
  })
}
