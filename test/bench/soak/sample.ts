/** What the server holds at a moment, according to `/metrics`. */
import { until } from '../../support/until.ts'
import type { ServerProcess } from '../support/server-process.ts'

const METRICS = {
  rss: 'process_resident_memory_bytes',
  heap: 'nodejs_heap_size_used_bytes',
  external: 'nodejs_external_memory_bytes',
  descriptors: 'process_open_fds',
  sockets: 'onhand_sockets',
  streams: 'onhand_streams',
  groups: 'onhand_live_groups',
  members: 'onhand_live_members',
  watched: 'onhand_watched',
  timers: 'nodejs_active_resources{type="Timeout"}',
  tcpSockets: 'nodejs_active_resources{type="TCPSocketWrap"}',
  resources: 'nodejs_active_resources_total',
  kept: 'onhand_client_memory_bytes',
  liveOperations: 'onhand_client_memory_bytes{kept="liveOperations"}',
  backlogs: 'onhand_client_memory_bytes{kept="backlogs"}',
  replays: 'onhand_client_memory_bytes{kept="replays"}',
  queuedCommands: 'onhand_queued_commands',
  keptLimit: 'onhand_client_memory_limit_bytes',
  cpuSeconds: 'process_cpu_seconds_total',
  uncaught: 'onhand_uncaught_errors_total',
  startedAt: 'process_start_time_seconds',
} as const

export type Sample = Readonly<Record<keyof typeof METRICS, number>>

const COLLECTIONS = 'nodejs_gc_duration_seconds_count{kind="major"}'

export async function takeSample(server: ServerProcess): Promise<Sample> {
  const text = await scrape(server)
  const entries = Object.entries(METRICS).map(([name, metric]) => [name, sumOf(text, metric)])
  return Object.fromEntries(entries) as Sample
}

/** Takes a sample after a garbage collection, which `collect-on-signal.ts` does in the server. */
export async function takeSettledSample(server: ServerProcess): Promise<Sample> {
  const before = sumOf(await scrape(server), COLLECTIONS)
  process.kill(server.pid, 'SIGUSR2')
  await until(async () => sumOf(await scrape(server), COLLECTIONS) > before)
  return takeSample(server)
}

async function scrape({ url }: ServerProcess): Promise<string> {
  return (await fetch(new URL('/metrics', url))).text()
}

/** The sum of all series of a metric, or one series, `name{label="value"}`. */
function sumOf(text: string, metric: string): number {
  const lines = text.split('\n').filter((line) => [' ', '{'].some((end) => line.startsWith(metric + end)))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
