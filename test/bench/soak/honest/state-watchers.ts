/** Product pages: most over WebSocket, some with server-sent events. Each must end on the true state. */
import type { Bench } from '../../suite.ts'
import { watch } from '../../support/watchers.ts'
import type { Target } from '../client.ts'
import { openEventStream } from './event-stream.ts'

const PRODUCTS_A_WATCHER = 5
const STREAMS = 5
const QUERY = 'subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { sku version available } }'

export interface State {
  readonly sku: string
  readonly version: string
  readonly available: number
}

export interface StateWatchers {
  /** The last state of each product that a watcher got, by watcher. */
  readonly shown: readonly ReadonlyMap<string, State>[]
  /** Whether each watcher has got all products that it watches. */
  readonly areReady: () => boolean
  /** Number of states that were older than an earlier one. */
  readonly stale: () => number
}

export async function openStateWatchers(bench: Bench, { url, skus }: Target): Promise<StateWatchers> {
  const sockets = Math.floor(skus.length / PRODUCTS_A_WATCHER)
  const wanted = Array.from({ length: sockets + STREAMS }, (_, at) => {
    const from = (at % sockets) * PRODUCTS_A_WATCHER
    return skus.slice(from, from + PRODUCTS_A_WATCHER)
  })
  const shown = wanted.map(() => new Map<string, State>())
  let stale = 0
  function show(watcher: number, state: State): void {
    const before = shown[watcher]?.get(state.sku)
    if (before !== undefined && BigInt(before.version) > BigInt(state.version)) stale += 1
    shown[watcher]?.set(state.sku, state)
  }
  const subscriptions = wanted.map((of) => ({ query: QUERY, variables: { skus: of } }))
  const end = await watch<{ availabilityChanged: State }>(
    `${url}/graphql`,
    subscriptions.slice(0, sockets),
    ({ availabilityChanged }, watcher) => show(watcher, availabilityChanged),
  )
  bench.onEnd(end)
  for (const [at, subscription] of subscriptions.slice(sockets).entries()) {
    bench.onEnd(
      await openEventStream<{ availabilityChanged: State }>(url, subscription, ({ availabilityChanged }) =>
        show(sockets + at, availabilityChanged),
      ),
    )
  }
  const areReady = () => shown.every(({ size }) => size === PRODUCTS_A_WATCHER)
  return { shown, areReady, stale: () => stale }
}
