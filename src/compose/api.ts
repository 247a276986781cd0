import type { ApiContext, RowsInMemory } from '../graphql/context.ts'
import { serve } from '../http/serve.ts'
import type { Served } from '../http/serve.ts'
import type { Sku } from '../domain/values.ts'
import { openPool } from '../lib/postgres.ts'
import { createConsistency, waitTogether } from '../progress/consistency.ts'
import { ProgressStream } from '../progress/progress-stream.ts'
import { createReplicaProgress } from '../progress/replica-progress.ts'
import { partitionOf } from '../log/partition.ts'
import { forQueries } from '../operations/connections.ts'
import { healthRoutes } from '../operations/health.ts'
import { HttpDurations } from '../operations/http-durations.ts'
import { registerClients } from '../operations/metrics/clients.ts'
import { createLiveStats } from '../operations/metrics/live.ts'
import { createReads } from '../projection/read-side.ts'
import type { Reads } from '../projection/read-side.ts'
import { consoleRoutes } from '../web/console.ts'
import type { Commands } from './commands.ts'
import type { Live } from './live.ts'
import { QUERY_CONNECTIONS } from './read-side.ts'
import type { ReadSide } from './read-side.ts'
import type { Shared } from './shared.ts'

export interface ApiParts {
  readonly readSide: ReadSide
  readonly commands: Commands
  readonly live: Live
  readonly isDraining: () => boolean
}

const CONSISTENCY_TIMEOUT_MS = 5000
/** Limit on reads that wait for a projection to catch up, or for a read of the database. */
const MAX_WAITING_READS = 10_000
const PROGRESS_INTERVAL_MS = 250
/** If the database has not answered the poll for this long, rows in memory may be out of date, so queries read the database. */
const MAX_SILENCE_MS = 2000
/** The largest live groups are logged. As labels of a metric, their number would be unbounded. */
const LARGEST_GROUPS = 5
const LARGEST_GROUPS_INTERVAL_MS = 300_000

/** HTTP and WebSocket: mutations reach the commands, queries the projections, subscriptions the hub. */
export async function openApi(shared: Shared, parts: ApiParts): Promise<Served> {
  const { config, options, logger, instruments, warn, every, onClose } = shared
  const { reads } = parts.readSide
  const durations = new HttpDurations()
  durations.register(instruments.registry)
  const served = await serve({
    ...config,
    fastPath: options.fastPath ?? true,
    groupLingerMs: options.groupLingerMs,
    unreadPatienceMs: options.unreadPatienceMs,
    logger,
    ...createOperations(shared, parts),
    stats: createLiveStats(instruments),
    graphql: config.roles.has('api'),
    routes: async (http) => {
      durations.watch(http)
      await healthRoutes(http, {
        draining: parts.isDraining,
        progress: reads.progress,
        registry: instruments.registry,
      })
      if (config.roles.has('api')) await consoleRoutes(http)
    },
  })
  onClose(() => served.close())
  registerClients(instruments, served)
  async function logLargest(): Promise<void> {
    const largest = served.liveGroups.largest(LARGEST_GROUPS)
    if (largest.length > 0) logger.info({ largest }, 'the live operations with the most subscribers')
  }
  every(LARGEST_GROUPS_INTERVAL_MS, logLargest, warn('logging the largest live operations failed'))
  return served
}

/** Builds what resolvers and live operations may use. */
function createOperations(shared: Shared, { readSide, commands, live }: ApiParts) {
  const { partitions } = shared.config
  const { reads } = readSide
  const { hub, history, poll } = live
  const replica = openReplica(shared)
  const consistency = createConsistency({
    history,
    progress: replica === null ? hub.progress : createReplicaProgress(replica.progress),
    partitions,
    timeoutMs: CONSISTENCY_TIMEOUT_MS,
    maxWaits: MAX_WAITING_READS,
  })
  const { admit } = consistency
  const inPartition = (sku: Sku) => partitionOf(sku, partitions)
  const progressStream = new ProgressStream({
    read: reads.progress,
    onProgress: (listener) => hub.onProgress(listener),
    intervalMs: PROGRESS_INTERVAL_MS,
    onError: shared.warn('reading for live clients failed'),
  })
  // A replica's rows can be older or newer than the hub's, and all answers must come from the same source.
  const isFresh = () => replica === null && performance.now() - poll.lastAnswerAt < MAX_SILENCE_MS
  const memory: RowsInMemory = {
    products: (sku) => (isFresh() ? hub.products.peek(sku) : undefined),
    orders: (id) => (isFresh() ? hub.orders.peek(id) : undefined),
  }
  const queries = { ...(replica ?? reads), progress: reads.progress }
  return {
    live: {
      hub,
      partitions,
      partitionOf: inPartition,
      admit,
      epoch: () => history.epoch,
      progress: () => progressStream.subscribe(),
    },
    createContext: (requestId: string): ApiContext => ({
      requestId,
      dispatch: commands.dispatch,
      reads: queries,
      memory,
      consistent: waitTogether(consistency.reached),
      log: { epoch: history.epoch, admit, partitionOf: inPartition },
    }),
  }
}

/** @returns null without a READ_DATABASE_URL */
function openReplica({ config, watchPostgres, onClose }: Shared): Reads | null {
  const { readDatabaseUrl, partitions } = config
  if (readDatabaseUrl === null) return null
  const pool = openPool(
    { ...forQueries(readDatabaseUrl), monitor: watchPostgres(readDatabaseUrl) },
    QUERY_CONNECTIONS,
  )
  onClose(() => pool.close())
  return createReads(pool.db, partitions)
}
