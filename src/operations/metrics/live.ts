import { LiveStats } from '../../live/stats.ts'
import type { Instruments } from './instruments.ts'

/** Codes of the protocols, WebSocket's own and those of graphql-transport-ws. A client can close with any of 2,000 others, which count as one. */
const CLOSE_CODES = new Set([
  ...Array.from({ length: 15 }, (_, at) => 1000 + at),
  ...[4400, 4401, 4403, 4406, 4408, 4409, 4429, 4499, 4500, 4504],
])
const LATENCY_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/** The ratio of deliveries to executions is what sharing saves. */
export function createLiveStats(instruments: Instruments): LiveStats {
  const latency = instruments.histogram(
    'onhand_live_latency_seconds',
    'From the recording of an event until its result was sent to all its subscribers, or confirmed by one of them.',
    ['until'],
    LATENCY_BUCKETS,
  )
  const stats = new LiveStats({
    sent: (ms) => latency.observe({ until: 'sent' }, ms / 1000),
    confirmed: (ms) => latency.observe({ until: 'confirmed' }, ms / 1000),
  })
  const count = (name: string, help: string, read: () => number) => instruments.counter(name, help, read)
  count('onhand_executions_total', 'Results of live operations made.', () => stats.executions)
  count('onhand_deliveries_total', 'Results sent to subscribers.', () => stats.deliveries)
  count(
    'onhand_conflated_total',
    'Results that a newer one stood for before they were sent.',
    () => stats.conflated,
  )
  count(
    'onhand_cached_snapshots_total',
    'Present states given from memory to those who join.',
    () => stats.cachedSnapshots,
  )
  count('onhand_replayed_total', 'Movements read again for those who resume.', () => stats.replayed)
  instruments.counters(
    'onhand_sockets_closed_total',
    'WebSocket connections that were closed, by the code of the side that closed first; other: one of no protocol.',
    ['code'],
    () => [...stats.closed].map(([code, times]) => [{ code: CLOSE_CODES.has(code) ? code : 'other' }, times]),
  )
  return stats
}

/** What the hub counts and watches. */
export interface HubCounts {
  readonly gaps: number
  readonly resets: number
  readonly products: { readonly watchedKeys: number }
  readonly orders: { readonly watchedKeys: number }
  readonly ledger: { readonly followers: number }
}

export function registerHub(instruments: Instruments, hub: HubCounts): void {
  instruments.counter(
    'onhand_gaps_total',
    'Changes that no signal told of, so that they were read.',
    () => hub.gaps,
  )
  instruments.counter(
    'onhand_resets_total',
    'Times that all that is watched was read again, after a reconnect to Redis.',
    () => hub.resets,
  )
  instruments.gauges(
    'onhand_watched',
    'Products and orders that live operations watch, and those of them that follow the ledger.',
    ['what'],
    () => [
      [{ what: 'products' }, hub.products.watchedKeys],
      [{ what: 'orders' }, hub.orders.watchedKeys],
      [{ what: 'ledger' }, hub.ledger.followers],
    ],
  )
}
