/**
 * Rounds of a steady load with watchers: records when each command was due, committed and seen.
 *
 * The time of a commit is that of Postgres (`track_commit_timestamp`), taken just before the commit is written, so the wait for the
 * disk counts. The time of receipt is when graphql-ws passes the message on. Both use the clock of one machine.
 */
import postgres from 'postgres'
import type { Sku } from '../../../src/domain/values.ts'
import { groupBy } from '../../../src/lib/group-by.ts'
import { postAllocate } from '../allocators/graphql.ts'
import type { Bench } from '../suite.ts'
import { until } from '../../support/until.ts'
import { HttpPool } from './http-pool.ts'
import { Latencies } from './latencies.ts'
import { openLoop } from './open-loop.ts'
import { allocateOne } from './stock.ts'
import { wallClock } from './wall-clock.ts'
import { watch } from './watchers.ts'

export interface LiveOptions {
  readonly url: string
  readonly databaseUrl: string
  readonly skus: readonly Sku[]
  readonly productsAWatcher: number
  readonly ledgerWatchers: number
  readonly commandsPerSecond: number
  readonly connections: number
}

interface Command {
  readonly sku: string
  readonly position: number
  readonly dueAt: number
  readonly answeredAt: number
}

interface Receipt {
  readonly sku: string
  readonly position: number
  readonly at: number
}

const STATE = `subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { sku version available status } }`
const LEDGER = 'subscription { stockMoved { sku position availableAfter } }'

/** @returns a function that measures one round */
export async function openLiveRounds({ onEnd }: Bench, options: LiveOptions) {
  const { url, databaseUrl, skus, productsAWatcher, ledgerWatchers, commandsPerSecond, connections } = options
  const sql = postgres(databaseUrl, { max: 1 })
  onEnd(() => sql.end())
  const pool = new HttpPool(url, connections)
  onEnd(() => pool.close())
  let now = wallClock()
  let states: Receipt[] = []
  let movements: Receipt[] = []
  const stateWatchers = Array.from({ length: skus.length / productsAWatcher }, (_, at) => ({
    query: STATE,
    variables: { skus: skus.slice(at * productsAWatcher, (at + 1) * productsAWatcher) },
  }))
  const watchers = Array.from({ length: ledgerWatchers }, () => ({ query: LEDGER, variables: {} }))
  onEnd(
    await watch<{ availabilityChanged: { sku: string; version: string } }>(url, stateWatchers, (data) => {
      const { sku, version } = data.availabilityChanged
      states.push({ sku, position: Number(version), at: now() })
    }),
  )
  onEnd(
    await watch<{ stockMoved: { sku: string; position: string } }>(url, watchers, (data) => {
      const { sku, position } = data.stockMoved
      movements.push({ sku, position: Number(position), at: now() })
    }),
  )

  return async (durationMs: number) => {
    now = wallClock()
    const monotonicToWallClock = now() - performance.now()
    states = []
    movements = []
    const commands: Command[] = []
    let asked = 0
    await openLoop(commandsPerSecond, durationMs, async (dueAt) => {
      const sku = skus[asked++ % skus.length] as Sku
      const position = await pool.use((connection) => postAllocate(connection, allocateOne(sku)))
      commands.push({ sku, position, dueAt: dueAt + monotonicToWallClock, answeredAt: now() })
    })
    await until(() => movements.length === commands.length * ledgerWatchers)
    await until(() => commands.every(({ sku, position }) => lastOf(states, sku) >= position))
    return latencies(commands, states, movements, await commitTimes(sql, commands))
  }
}

const lastOf = (states: readonly Receipt[], sku: string): number =>
  states.findLast((state) => state.sku === sku)?.position ?? 0

async function commitTimes(
  sql: postgres.Sql,
  commands: readonly Command[],
): Promise<ReadonlyMap<number, number>> {
  const first = Math.min(...commands.map(({ position }) => position))
  const rows = await sql<{ position: string; at: number }[]>`
    select position, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at
    from stock.events where partition = 0 and position >= ${first}`
  return new Map(rows.map(({ position, at }) => [Number(position), at]))
}

function latencies(
  commands: readonly Command[],
  states: readonly Receipt[],
  movements: readonly Receipt[],
  committedAt: ReadonlyMap<number, number>,
) {
  const commitToState = new Latencies()
  const commitToMovement = new Latencies()
  const dueToAnswer = new Latencies()
  const dueToState = new Latencies()
  const committed = (position: number): number => committedAt.get(position) ?? Number.NaN
  const statesOf = groupBy(states, ({ sku }) => sku)
  for (const { sku, position, dueAt, answeredAt } of commands) {
    const seenAt = statesOf.get(sku)?.find((state) => state.position >= position)?.at ?? Number.NaN
    commitToState.record(seenAt - committed(position))
    dueToState.record(seenAt - dueAt)
    dueToAnswer.record(answeredAt - dueAt)
  }
  for (const { position, at } of movements) commitToMovement.record(at - committed(position))
  return {
    'commit → availabilityChanged': commitToState.summary(),
    'commit → stockMoved': commitToMovement.summary(),
    'due → answer': dueToAnswer.summary(),
    'due → availabilityChanged': dueToState.summary(),
  }
}
