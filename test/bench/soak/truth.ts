/** What must be true at the end, whichever clients were there. */
import postgres from 'postgres'
import { unsoundness } from '../../support/soundness.ts'
import { until } from '../../support/until.ts'
import type { LedgerWatchers } from './honest/ledger-watchers.ts'
import type { Shoppers } from './honest/shoppers.ts'
import type { StateWatchers } from './honest/state-watchers.ts'

const DEADLINE_MS = 60_000

/** A claim, and the problem that contradicts it; null if there is none. */
export interface Finding {
  readonly claim: string
  readonly problem: string | null
}

interface Row {
  readonly sku: string
  readonly version: string
  readonly available: number
}

export async function checkTruth(
  databaseUrl: string,
  { states, ledgers, shoppers }: { states: StateWatchers; ledgers: LedgerWatchers; shoppers: Shoppers },
): Promise<Finding[]> {
  const sql = postgres(databaseUrl, { max: 1 })
  try {
    await until(async () => (await sql`select from views.read_progress() where position < head`).length === 0)
    const rows = await sql<Row[]>`select sku, position::text as version, available from views.availability`
    const [head] = await sql<{ head: number }[]>`select max(position)::int as head from stock.events`
    const [lines] = await sql<
      { lines: number }[]
    >`select count(*)::int as lines from stock.events where type = 'LineAllocated'`
    const wrong = () => wrongStates(states, rows)
    const behind = () => ledgers.positions.filter((position) => position !== head?.head).length
    await until(() => wrong() === 0 && behind() === 0, DEADLINE_MS).catch(() => {})
    const problems = await unsoundness(databaseUrl)
    return [
      finding('every watcher’s last state is the database’s', wrong(), 'are not'),
      finding('no watcher was shown an older state', states.stale(), 'were'),
      finding('every follower of the ledger is at its end', behind(), 'are not'),
      finding('each movement came once, in order', ledgers.outOfOrder(), 'did not'),
      finding(
        'every shopper was served',
        sum(shoppers.failed),
        [...shoppers.failed.keys()].slice(0, 3).join('; '),
      ),
      finding(
        'every confirmed purchase is in the log once',
        Math.abs(shoppers.accepted() - (lines?.lines ?? 0)),
        'differ',
      ),
      { claim: '`onhand verify` finds nothing', problem: problems.length === 0 ? null : problems.join('; ') },
    ]
  } finally {
    await sql.end()
  }
}

function wrongStates({ shown }: StateWatchers, rows: readonly Row[]): number {
  const truth = new Map(rows.map((row) => [row.sku, row]))
  return shown
    .flatMap((states) => [...states.values()])
    .filter(({ sku, version, available }) => {
      const row = truth.get(sku)
      return row?.version !== version || row.available !== available
    }).length
}

const finding = (claim: string, wrong: number, what: string): Finding => ({
  claim,
  problem: wrong === 0 ? null : `${wrong} ${what}`,
})

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((all, times) => all + times, 0)
