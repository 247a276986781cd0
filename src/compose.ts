/**
 * The one place where parts meet. Tests compose the same way, with their own configuration and clock.
 *
 *   dispatcher ─ commits ─▶ log tail ─ wakes ─▶ projectors ─ changes ─▶ hub ─▶ subscriptions, waiting queries
 *
 * With Redis, commits and changes reach the tails and hubs of the other processes, too; the poll sees to what gets lost.
 */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import { createApollo } from './api/apollo.ts'
import type { ApiContext } from './api/context.ts'
import { createHttpServer, graphqlRoute } from './api/http.ts'
import { createOriginPolicy } from './api/origins.ts'
import { createSchema } from './api/schema.ts'
import { createLiveSockets } from './api/websocket.ts'
import type { CommandRequest, Outcome } from './command/request.ts'
import { createWriteSide } from './command/write-side.ts'
import type { Config } from './config.ts'
import type { Sku } from './domain/values.ts'
import { openPool, openSession } from './lib/postgres.ts'
import { CheckpointPoll } from './live/checkpoint-poll.ts'
import { createConsistency } from './live/consistency.ts'
import { Hub } from './live/hub.ts'
import { ProgressStream } from './live/progress-stream.ts'
import { connectTransport } from './live/redis-transport.ts'
import { partitionOf } from './log/partition.ts'
import { installation } from './log/tables.ts'
import { LogTail } from './log/tail.ts'
import { forCommands, forProjector, forQueries } from './operations/connections.ts'
import { healthRoutes } from './operations/health.ts'
import { createMetrics } from './operations/metrics.ts'
import { projections } from './projection/all.ts'
import { createReads } from './projection/read-side.ts'
import { createFold } from './projector/fold.ts'
import { Projector } from './projector/projector.ts'
import { createRows } from './projector/rows.ts'

export interface ComposeOptions {
  readonly config: Config
  /** A migrated database. */
  readonly databaseUrl: string
  readonly logger: Logger
  readonly now?: () => Date
}

/** A running Onhand. */
export interface Onhand {
  /** `http://127.0.0.1:4000` */
  readonly url: string
  readonly dispatch: (request: CommandRequest) => Promise<Outcome>
  /** Nothing has ever happened here. */
  readonly isEmpty: () => Promise<boolean>
  /** Answers what is under way, tells live clients to go elsewhere, and lets go of everything. */
  readonly close: () => Promise<void>
}

const GRAPHQL_PATH = '/graphql'
const MAX_RECENT_EVENTS = 10_000
const MAX_PROJECTOR_BATCH_EVENTS = 1000
const MAX_CACHED_ROWS = 10_000
const MAX_QUEUED_MOVEMENTS = 1000
const MAX_SOCKETS = 15_000
const MAX_SUBSCRIPTIONS_PER_SOCKET = 20
const QUERY_CONNECTIONS = 8
const CONSISTENCY_TIMEOUT_MS = 5000
const PROGRESS_INTERVAL_MS = 250
/** How soon a lost signal is made good. */
const POLL_INTERVAL_MS = 250
const DRAIN_TIMEOUT_MS = 3000

export async function startOnhand(options: ComposeOptions): Promise<Onhand> {
  const { config, databaseUrl, logger, now = () => new Date() } = options
  const { partitions, roles } = config
  const warn = (what: string) => (error: unknown) => logger.warn({ err: error }, what)

  // Read side: the projections, and what is known of them as they change.
  const readPool = openPool(forQueries(databaseUrl), QUERY_CONNECTIONS)
  const reads = createReads(readPool.db)
  const tail = new LogTail(MAX_RECENT_EVENTS)
  const hub = new Hub({
    ...reads,
    partitions,
    maxQueuedMovements: MAX_QUEUED_MOVEMENTS,
    onError: warn('reading for live clients failed'),
  })
  hub.begin(await reads.progress())

  // Other processes.
  const poll = new CheckpointPoll({
    read: reads.progress,
    intervalMs: POLL_INTERVAL_MS,
    onProgress(rows) {
      for (const { partition, head } of rows) tail.advance(partition, head)
      hub.catchUp(rows)
    },
    onError: warn('the database cannot be polled'),
  })
  const transport =
    config.redisUrl === null
      ? null
      : connectTransport({
          url: config.redisUrl,
          installation: await readInstallation(databaseUrl),
          onHead: (partition, head) => tail.advance(partition, head),
          onChange: (change) => hub.take(change),
          onReconnect: () => void poll.poll(),
          onError: warn('Redis cannot be used'),
        })

  // Write side.
  const writeSide = createWriteSide({
    connection: forCommands(databaseUrl),
    partitions,
    now,
    onCommit({ partition, head, events }) {
      tail.advance(partition, head, events)
      transport?.publishHead(partition, head)
    },
    onBatch: (report) => metrics.batch(report),
  })
  const dispatch = async (request: CommandRequest): Promise<Outcome> => {
    const { type } = request.command
    try {
      const outcome = await writeSide.dispatcher.dispatch(request)
      metrics.command(type, outcome)
      return outcome
    } catch (error) {
      metrics.command(type, error as Error)
      throw error
    }
  }

  // Projectors.
  const projectors = !roles.has('projector')
    ? []
    : projections.map((projection) => {
        const session = openSession(forProjector(databaseUrl, projection.name))
        const projector = new Projector({
          consumer: createFold(projection, createRows(session.db, projection), MAX_CACHED_ROWS),
          partitions,
          session,
          tail,
          maxBatchEvents: MAX_PROJECTOR_BATCH_EVENTS,
          onChange(change) {
            hub.take(change)
            transport?.publishChange(change)
            metrics.projected(projection.name, Number(change.to - change.from))
          },
          onStop: (partition, reason) =>
            logger.error({ projection: projection.name, partition, reason }, 'a projection has stopped'),
          onError: warn(`projecting ${projection.name} failed`),
        })
        return { start: () => projector.start(), close: () => projector.close().then(() => session.close()) }
      })

  // The API, and what operators look at.
  const allowsOrigin = createOriginPolicy(config.allowedOrigins)
  const http = createHttpServer(logger, allowsOrigin)
  const schema = createSchema()
  const report = (error: unknown, requestId: string) =>
    logger.error({ err: error, requestId }, 'request failed')
  const progressStream = new ProgressStream({
    read: reads.progress,
    onProgress: (listener) => hub.onProgress(listener),
    intervalMs: PROGRESS_INTERVAL_MS,
    onError: warn('reading progress failed'),
  })
  const consistent = createConsistency({
    progress: hub.progress,
    heads: async () => new Map((await reads.progress()).map(({ partition, head }) => [partition, head])),
    timeoutMs: CONSISTENCY_TIMEOUT_MS,
  })
  const live = {
    hub,
    partitions,
    partitionOf: (sku: Sku) => partitionOf(sku, partitions),
    progress: () => progressStream.subscribe(),
  }
  const createContext = (requestId: string): ApiContext => ({ requestId, dispatch, reads, consistent, live })
  const sockets = createLiveSockets({
    schema,
    path: GRAPHQL_PATH,
    allowsOrigin,
    createContext: () => createContext(uuidv7()),
    maxConnections: MAX_SOCKETS,
    maxSubscriptionsPerConnection: MAX_SUBSCRIPTIONS_PER_SOCKET,
    report,
    onDelivery: () => metrics.delivered(),
  })
  const apollo = createApollo({ schema, production: config.production, report })
  const metrics = createMetrics({
    sockets: () => sockets.connections,
    queuedCommands: () => writeSide.dispatcher.queuedCommands,
    progress: reads.progress,
  })
  let draining = false
  await healthRoutes(http, { draining: () => draining, progress: reads.progress, registry: metrics.registry })
  if (roles.has('api')) {
    await apollo.start()
    await graphqlRoute(http, { path: GRAPHQL_PATH, schema, apollo, createContext })
    http.server.on('upgrade', sockets.upgrade)
  }

  poll.start()
  for (const projector of projectors) projector.start()
  await http.listen({ port: config.port, host: config.host })

  async function close(): Promise<void> {
    draining = true
    await Promise.all([sockets.close(), closeHttp(http)])
    await apollo.stop()
    await writeSide.close()
    await Promise.all(projectors.map((projector) => projector.close()))
    await poll.close()
    transport?.close()
    await readPool.close()
  }

  const isEmpty = async () => (await reads.progress()).every(({ head }) => head === 0n)
  return { url: urlOf(http), dispatch, isEmpty, close }
}

/** Waits for the requests that are under way, and cuts off those that take too long. */
async function closeHttp(http: FastifyInstance): Promise<void> {
  const cutOff = setTimeout(() => http.server.closeAllConnections(), DRAIN_TIMEOUT_MS)
  await http.close()
  clearTimeout(cutOff)
}

function urlOf(http: FastifyInstance): string {
  const { address, family, port } = http.server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

async function readInstallation(databaseUrl: string): Promise<string> {
  const session = openSession(forCommands(databaseUrl))
  try {
    const [row] = await session.db.select().from(installation)
    if (row === undefined) throw new Error('The database has not been migrated.')
    return row.id
  } finally {
    await session.close()
  }
}
