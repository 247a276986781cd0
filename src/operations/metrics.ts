import { readFileSync } from 'node:fs'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { BatchReport } from '../command/dispatcher.ts'
import type { Outcome } from '../command/request.ts'
import { orTimeout } from '../lib/deadline.ts'
import { LiveStats } from '../live/stats.ts'
import type { PartitionProgress } from '../projector/progress.ts'
import { uncaught } from './uncaught.ts'

/** What `/metrics` counts. One registry a composition, so that several can live in one process. */
export interface Metrics {
  readonly registry: Registry
  command(type: string, outcome: Outcome | Error): void
  batch(report: BatchReport): void
  projected(projection: string, events: number): void
  readonly live: LiveStats
}

/** What is measured when it is asked for. */
export interface Gauges {
  /** Requests over HTTP, by who has answered them. */
  readonly answers: () => Readonly<Record<string, number>>
  readonly sockets: () => number
  readonly streams: () => number
  /** Changes that no signal told of, and times that any could have been missed. */
  readonly missed: () => { readonly gaps: number; readonly resets: number }
  readonly liveGroups: () => number
  /** What clients make the process keep, and the most that they can. */
  readonly clientMemory: () => {
    readonly limitBytes: number
    readonly bytes: () => Readonly<Record<string, number>>
  }
  /** Members of all of them. */
  readonly liveMembers: () => number
  /** What live groups watch, by kind. */
  readonly watched: () => Readonly<Record<string, number>>
  /** Subscribers by the root field that they watch. */
  readonly liveMembersByField: () => ReadonlyMap<string, number>
  readonly queuedCommands: () => number
  readonly progress: () => Promise<readonly PartitionProgress[]>
  readonly postgresIsUp: () => boolean
  /** Null: there is no Redis. */
  readonly redisIsUp: (() => boolean) | null
  /** How long the oldest snapshot in the database has been open. */
  readonly oldestSnapshot: () => Promise<number>
}

export function createMetrics(gauges: Gauges): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const commands = new Counter({
    name: 'onhand_commands_total',
    help: 'Commands by type and by result: accepted, replayed, the code of a refusal, or the name of a fault.',
    labelNames: ['type', 'result'],
    registers,
  })
  const batchCommands = new Histogram({
    name: 'onhand_batch_commands',
    help: 'Commands in one transaction.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    registers,
  })
  const commitSeconds = new Histogram({
    name: 'onhand_commit_seconds',
    help: 'From the start of a batch of commands until it was committed, or failed.',
    labelNames: ['failed'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers,
  })
  const projectedEvents = new Counter({
    name: 'onhand_projected_events_total',
    help: 'Events projected by this process.',
    labelNames: ['projection'],
    registers,
  })
  new Counter({
    name: 'onhand_http_answers_total',
    help: 'GraphQL requests over HTTP by who answered: apollo, lane (executed without Apollo), memory (an answer that still holds).',
    labelNames: ['by'],
    registers,
    collect() {
      this.reset()
      for (const [by, times] of Object.entries(gauges.answers())) this.inc({ by }, times)
    },
  })
  new Counter({
    name: 'onhand_uncaught_errors_total',
    help: 'Errors that nothing has caught. The process ends at the first one.',
    registers,
    collect() {
      this.reset()
      this.inc(uncaught.errors)
    },
  })
  gauge(
    'onhand_client_memory_limit_bytes',
    'The most that clients can make this process keep.',
    () => gauges.clientMemory().limitBytes,
  )
  new Gauge({
    name: 'onhand_client_memory_bytes',
    help: 'What clients make this process keep, by what it is kept for.',
    labelNames: ['kept'],
    registers,
    collect() {
      for (const [kept, bytes] of Object.entries(gauges.clientMemory().bytes())) this.set({ kept }, bytes)
    },
  })
  gauge('onhand_sockets', 'WebSocket connections.', gauges.sockets)
  gauge('onhand_streams', 'Live operations over HTTP.', gauges.streams)
  gauge('onhand_queued_commands', 'Commands that wait for a batch.', gauges.queuedCommands)
  progressGauges(registers, gauges.progress)
  stateGauges(registers, gauges)

  function gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  }

  return {
    registry,
    command(type, outcome) {
      commands.inc({ type, result: resultOf(outcome) })
    },
    batch({ commands: size, durationMs, failed }) {
      batchCommands.observe(size)
      commitSeconds.observe({ failed: String(failed) }, durationMs / 1000)
    },
    projected(projection, events) {
      projectedEvents.inc({ projection }, events)
    },
    live: liveMetrics(registers, gauges),
  }
}

/** Codes of the protocols, WebSocket's own and those of graphql-transport-ws. A client can close with any of 2,000 others, which count as one. */
const CLOSE_CODES = new Set([
  ...Array.from({ length: 15 }, (_, at) => 1000 + at),
  ...[4400, 4401, 4403, 4406, 4408, 4409, 4429, 4499, 4500, 4504],
])
/** A scrape is not to wait for a database that does not answer. */
const READ_TIMEOUT_MS = 4000
const LATENCY_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/** Counts as they stand when they are asked for. The ratio of deliveries to executions is what sharing saves. */
function liveMetrics(registers: Registry[], gauges: Gauges): LiveStats {
  const latency = new Histogram({
    name: 'onhand_live_latency_seconds',
    help: 'From the recording of an event until its result was sent to all its subscribers, or confirmed by one of them.',
    labelNames: ['until'],
    buckets: LATENCY_BUCKETS,
    registers,
  })
  const stats = new LiveStats({
    sent: (ms) => latency.observe({ until: 'sent' }, ms / 1000),
    confirmed: (ms) => latency.observe({ until: 'confirmed' }, ms / 1000),
  })
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
  count(
    'onhand_gaps_total',
    'Changes that no signal told of, so that they were read.',
    () => gauges.missed().gaps,
  )
  count(
    'onhand_resets_total',
    'Times that all that is watched was read again, after a reconnect to Redis.',
    () => gauges.missed().resets,
  )
  new Counter({
    name: 'onhand_sockets_closed_total',
    help: 'WebSocket connections that were closed, by the code of the side that closed first; other: one of no protocol.',
    labelNames: ['code'],
    registers,
    collect() {
      this.reset()
      for (const [code, times] of stats.closed)
        this.inc({ code: CLOSE_CODES.has(code) ? code : 'other' }, times)
    },
  })
  new Gauge({
    name: 'onhand_live_groups',
    help: 'Live operations, those that ask for the same counted once.',
    registers,
    collect() {
      this.set(gauges.liveGroups())
    },
  })
  new Gauge({
    name: 'onhand_live_members',
    help: 'Live operations of clients.',
    registers,
    collect() {
      this.set(gauges.liveMembers())
    },
  })
  new Gauge({
    name: 'onhand_watched',
    help: 'Products and orders that live operations watch, and those of them that follow the ledger.',
    labelNames: ['what'],
    registers,
    collect() {
      for (const [what, count] of Object.entries(gauges.watched())) this.set({ what }, count)
    },
  })
  new Gauge({
    name: 'onhand_live_watchers',
    help: 'Subscribers by the root field that they watch.',
    labelNames: ['operation'],
    registers,
    collect() {
      this.reset()
      for (const [operation, members] of gauges.liveMembersByField()) this.set({ operation }, members)
    },
  })

  function count(name: string, help: string, value: () => number): void {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(value())
      },
    })
  }
  return stats
}

function resultOf(outcome: Outcome | Error): string {
  if (outcome instanceof Error) return outcome.name
  if (outcome.replayed) return 'replayed'
  return outcome.status === 'accepted' ? 'accepted' : outcome.rejection.type
}

/** All from one read of the database for each scrape; while that fails, they are left out rather than wrong. */
function progressGauges(registers: Registry[], read: Gauges['progress']): void {
  let reading: Promise<readonly PartitionProgress[]> | null = null
  // All metrics of a scrape are collected at once.
  const rows = () =>
    (reading ??= orTimeout(read(), READ_TIMEOUT_MS)
      .catch(() => [])
      .finally(() => (reading = null)))

  function gauge(name: string, help: string, value: (row: PartitionProgress) => number): void {
    new Gauge({
      name,
      help,
      labelNames: ['projection', 'partition'],
      registers,
      async collect() {
        const found = await rows()
        this.reset()
        for (const row of found)
          this.set({ projection: row.projection, partition: row.partition }, value(row))
      },
    })
  }

  new Gauge({
    name: 'onhand_log_head',
    help: 'Events in the log.',
    labelNames: ['partition'],
    registers,
    async collect() {
      const found = await rows()
      this.reset()
      for (const { partition, head } of found) this.set({ partition }, Number(head.position))
    },
  })
  gauge('onhand_projection_lag_events', 'Events that a projection has not taken yet.', (row) =>
    Number(row.head.position - row.position),
  )
  gauge('onhand_projection_lag_seconds', 'How long the first of these events has been waiting.', (row) =>
    row.waitingSince === null ? 0 : (Date.now() - row.waitingSince.getTime()) / 1000,
  )
  gauge('onhand_projection_stopped', '1 if the projection met an event that it cannot take.', (row) =>
    row.error === null ? 0 : 1,
  )
}

/** What this process is, and whether what it relies on can be used. */
function stateGauges(registers: Registry[], { postgresIsUp, redisIsUp, oldestSnapshot }: Gauges): void {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  new Gauge({
    name: 'onhand_build_info',
    help: 'Always 1; the labels say what is running.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1)
  const up = (server: string, isUp: () => boolean) =>
    new Gauge({
      name: `onhand_${server.toLowerCase()}_up`,
      help: `1 if ${server} can be used.`,
      registers,
      collect() {
        this.set(isUp() ? 1 : 0)
      },
    })
  up('Postgres', postgresIsUp)
  if (redisIsUp !== null) up('Redis', redisIsUp)
  new Gauge({
    name: 'onhand_oldest_snapshot_seconds',
    help: 'How long the oldest snapshot has been open in the database. Commands become slower while one is.',
    registers,
    async collect() {
      const seconds = await orTimeout(oldestSnapshot(), READ_TIMEOUT_MS).catch(() => null)
      if (seconds === null) this.remove()
      else this.set(seconds)
    },
  })
}
