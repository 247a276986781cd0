import { LiveStats } from '../../live/stats.ts'
import type { Instruments } from './instruments.ts'

/** The codes of WebSocket and of graphql-transport-ws. A client can close with any of 2,000 others, which share one label. */
const CLOSE_CODES = new Set([
  ...Array.from({ length: 15 }, (_, at) => 1000 + at),
  ...[4400, 4401, 4403, 4406, 4408, 4409, 4429, 4499, 4500, 4504],
])
const LATENCY_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/** The ratio of deliveries to executions shows what sharing saves. */
export function createLiveStats(instruments: Instruments): LiveStats {
  const latency = instruments.histogram(
    'onhand_live_latency_seconds',
    'Time from the recording of an event until its result was sent to all subscribers, or confirmed by one of them.',
    ['until'],
    LATENCY_BUCKETS,
  )
  const stats = new LiveStats({
    sent: (ms) => latency.observe({ until: 'sent' }, ms / 1000),
    confirmed: (ms) => latency.observe({ until: 'confirmed' }, ms / 1000),
  })
  const count = (name: string, help: string, read: () => number) => instruments.counter(name, help, read)
  count('onhand_executions_total', 'Executions of live operations.', () => stats.executions)
  count('onhand_deliveries_total', 'Results sent to subscribers.', () => stats.deliveries)
  count(
    'onhand_conflated_total',
    'Results that were replaced by a newer one before they were sent.',
    () => stats.conflated,
  )
  count(
    'onhand_cached_snapshots_total',
    'Initial states that were sent from memory to new subscribers.',
    () => stats.cachedSnapshots,
  )
  count(
    'onhand_replayed_total',
    'Movements read from the database for resuming clients.',
    () => stats.replayed,
  )
  instruments.counters(
    'onhand_sockets_closed_total',
    'Closed WebSocket connections by the code of the side that closed first; other: a code of neither protocol.',
    ['code'],
    () => [...stats.closed].map(([code, times]) => [{ code: CLOSE_CODES.has(code) ? code : 'other' }, times]),
  )
  return stats
}

/** What the hub counts. */
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
    'Changes that arrived without a signal and were read from the database.',
    () => hub.gaps,
  )
  instruments.counter(
    'onhand_resets_total',
    'How often everything that is watched was read again after a reconnect to Redis.',
    () => hub.resets,
  )
  instruments.gauges(
    'onhand_watched',
    'Watched products and orders, and live operations that follow the ledger.',
    ['what'],
    () => [
      [{ what: 'products' }, hub.products.watchedKeys],
      [{ what: 'orders' }, hub.orders.watchedKeys],
      [{ what: 'ledger' }, hub.ledger.followers],
    ],
  )
}
