/** Collects what the rules check, once nothing changes any more. */
import type postgres from 'postgres'
import type { History, OperatorRun } from './history.ts'
import { readDeadLetters } from './intake.ts'
import { readLog } from './log.ts'
import { fold } from './model/fold.ts'
import type { Evidence, Tables } from './rules/evidence.ts'
import type { World } from './world.ts'

const NOT_YET: OperatorRun = { command: 'verify', at: 0, code: 0, output: '' }
const NO_TABLES: Tables = {
  availability: [],
  batchesView: [],
  orders: [],
  movements: [],
  batches: [],
  allocations: [],
  receipts: new Set(),
}

/** The log and its effects elsewhere, without the tables. */
export async function gatherWithoutTables({ sql, redis }: World, history: History): Promise<Evidence> {
  const { client, life } = redis.client()
  const deadLetters = await readDeadLetters(client)
  const model = fold(await readLog(sql))
  return { history, model, deadLetters, redisLife: life, tables: NO_TABLES, verified: NOT_YET }
}

export async function gatherTables(sql: postgres.Sql): Promise<Tables> {
  const receipts = await sql`select command_id from stock.receipts`
  return {
    availability: await sql`select * from views.availability`,
    batchesView: await sql`select * from views.batches`,
    orders: await sql`select * from views.orders`,
    movements: await sql`select * from views.movements`,
    batches: await sql`select * from stock.batches`,
    allocations: await sql`select * from stock.allocations`,
    receipts: new Set(receipts.map((row) => row['command_id'] as string)),
  }
}
