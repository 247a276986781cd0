import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { BatchReport } from '../command/dispatcher.ts'
import type { Outcome } from '../command/request.ts'
import type { PartitionProgress } from '../projector/progress.ts'

/** What `/metrics` counts. One registry a composition, so that several can live in one process. */
export interface Metrics {
  readonly registry: Registry
  command(type: string, outcome: Outcome | Error): void
  batch(report: BatchReport): void
  projected(projection: string, events: number): void
  delivered(): void
}

/** What is measured when it is asked for. */
export interface Gauges {
  readonly sockets: () => number
  readonly queuedCommands: () => number
  readonly progress: () => Promise<readonly PartitionProgress[]>
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
  const deliveries = new Counter({
    name: 'onhand_deliveries_total',
    help: 'Results sent to subscribers.',
    registers,
  })
  gauge('onhand_sockets', 'WebSocket connections.', gauges.sockets)
  gauge('onhand_queued_commands', 'Commands that wait for a batch.', gauges.queuedCommands)
  progressGauges(registers, gauges.progress)

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
    delivered() {
      deliveries.inc()
    },
  }
}

function resultOf(outcome: Outcome | Error): string {
  if (outcome instanceof Error) return outcome.name
  if (outcome.replayed) return 'replayed'
  return outcome.status === 'accepted' ? 'accepted' : outcome.rejection.type
}

/** All from one read of the database; while that fails, they are left out rather than wrong. */
function progressGauges(registers: Registry[], read: Gauges['progress']): void {
  const head = new Gauge({
    name: 'onhand_log_head',
    help: 'Events in the log.',
    labelNames: ['partition'],
    registers,
  })
  const lag = new Gauge({
    name: 'onhand_projection_lag_events',
    help: 'Events that a projection has not taken yet.',
    labelNames: ['projection', 'partition'],
    registers,
  })
  const lagSeconds = new Gauge({
    name: 'onhand_projection_lag_seconds',
    help: 'How long the first of these events has been waiting.',
    labelNames: ['projection', 'partition'],
    registers,
  })
  new Gauge({
    name: 'onhand_projection_stopped',
    help: '1 if the projection met an event that it cannot take.',
    labelNames: ['projection', 'partition'],
    registers,
    async collect() {
      for (const metric of [head, lag, lagSeconds, this]) metric.reset()
      for (const row of await read().catch(() => [])) {
        const labels = { projection: row.projection, partition: row.partition }
        head.set({ partition: row.partition }, Number(row.head))
        lag.set(labels, Number(row.head - row.position))
        lagSeconds.set(
          labels,
          row.waitingSince === null ? 0 : (Date.now() - row.waitingSince.getTime()) / 1000,
        )
        this.set(labels, row.error === null ? 0 : 1)
      }
    },
  })
}
