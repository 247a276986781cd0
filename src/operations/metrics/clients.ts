import { readingsBy } from './instruments.ts'
import type { Instruments } from './instruments.ts'

/** What the API counts of its clients. */
export interface ClientCounts {
  /** GraphQL requests over HTTP, by who has answered them. */
  readonly answers: Readonly<Record<string, number>>
  readonly sockets: () => number
  readonly streams: () => number
  readonly memory: {
    readonly limitBytes: number
    readonly bytes: () => Readonly<Record<string, number>>
  }
  readonly liveGroups: {
    readonly size: number
    readonly members: number
    readonly membersByField: () => ReadonlyMap<string, number>
  }
}

/** What clients do, and what they make the process keep. */
export function registerClients(instruments: Instruments, counts: ClientCounts): void {
  const { answers, liveGroups, memory, sockets, streams } = counts
  instruments.counters(
    'onhand_http_answers_total',
    'GraphQL requests over HTTP by who answered: apollo, fastPath (executed without Apollo), memory (an answer that still holds).',
    ['by'],
    () => readingsBy('by', { ...answers }),
  )
  instruments.gauge(
    'onhand_client_memory_limit_bytes',
    'The most that clients can make this process keep.',
    () => memory.limitBytes,
  )
  instruments.gauges(
    'onhand_client_memory_bytes',
    'What clients make this process keep, by what it is kept for.',
    ['kept'],
    () => readingsBy('kept', memory.bytes()),
  )
  instruments.gauge('onhand_sockets', 'WebSocket connections.', sockets)
  instruments.gauge('onhand_streams', 'Live operations over HTTP.', streams)
  instruments.gauge(
    'onhand_live_groups',
    'Live operations, those that ask for the same counted once.',
    () => liveGroups.size,
  )
  instruments.gauge('onhand_live_members', 'Live operations of clients.', () => liveGroups.members)
  instruments.gauges(
    'onhand_live_watchers',
    'Subscribers by the root field that they watch.',
    ['operation'],
    () => [...liveGroups.membersByField()].map(([operation, members]) => [{ operation }, members]),
  )
}
