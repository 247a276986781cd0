import { readingsBy } from './instruments.ts'
import type { Instruments } from './instruments.ts'

/** What the API counts about its clients. */
export interface ClientCounts {
  /** GraphQL requests over HTTP, by the part that answered them. */
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

/** Registers metrics of clients and of the memory that they use. */
export function registerClients(instruments: Instruments, counts: ClientCounts): void {
  const { answers, liveGroups, memory, sockets, streams } = counts
  instruments.counters(
    'onhand_http_answers_total',
    'GraphQL requests over HTTP by what answered them: apollo, fastPath (executed without Apollo), memory (a cached answer that is still valid).',
    ['by'],
    () => readingsBy('by', { ...answers }),
  )
  instruments.gauge(
    'onhand_client_memory_limit_bytes',
    'Limit on the memory that clients can make this process hold.',
    () => memory.limitBytes,
  )
  instruments.gauges(
    'onhand_client_memory_bytes',
    'Memory that clients make this process hold, by purpose.',
    ['kept'],
    () => readingsBy('kept', memory.bytes()),
  )
  instruments.gauge('onhand_sockets', 'WebSocket connections.', sockets)
  instruments.gauge('onhand_streams', 'Live operations over HTTP.', streams)
  instruments.gauge(
    'onhand_live_groups',
    'Live groups: live operations, with identical ones counted once.',
    () => liveGroups.size,
  )
  instruments.gauge('onhand_live_members', 'Live operations of clients.', () => liveGroups.members)
  instruments.gauges('onhand_live_watchers', 'Live operations by root field.', ['operation'], () =>
    [...liveGroups.membersByField()].map(([operation, members]) => [{ operation }, members]),
  )
}
