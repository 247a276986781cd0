/** Other systems that follow the ledger from its start. Each must see every movement once, in order. */
import type { Bench } from '../../suite.ts'
import { watch } from '../../support/watchers.ts'
import type { Target } from '../client.ts'
import { openEventStream } from './event-stream.ts'

const LEDGER = { query: 'subscription { stockMoved(after: "0") { position } }', variables: {} }
const SOCKETS = 2

interface Movement {
  readonly stockMoved: { readonly position: string }
}

export interface LedgerWatchers {
  /** The last position of each watcher. */
  readonly positions: readonly number[]
  /** Number of movements that did not follow the one before. */
  readonly outOfOrder: () => number
}

export async function openLedgerWatchers(bench: Bench, { url }: Target): Promise<LedgerWatchers> {
  const positions: number[] = Array.from({ length: SOCKETS + 1 }, () => 0)
  let outOfOrder = 0
  function take(watcher: number, { stockMoved }: Movement): void {
    const position = Number(stockMoved.position)
    if (position !== (positions[watcher] ?? 0) + 1) outOfOrder += 1
    positions[watcher] = position
  }
  const subscriptions = Array.from({ length: SOCKETS }, () => LEDGER)
  bench.onEnd(
    await watch<Movement>(`${url}/graphql`, subscriptions, (movement, watcher) => take(watcher, movement)),
  )
  bench.onEnd(await openEventStream<Movement>(url, LEDGER, (movement) => take(SOCKETS, movement)))
  return { positions, outOfOrder: () => outOfOrder }
}
