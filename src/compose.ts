/**
 * The one place where parts meet. Tests compose the same way, with their own configuration and clock.
 *
 *   dispatcher ─ commits ─▶ log tail ─ wakes ─▶ projectors ─ changes ─▶ hub ─▶ subscriptions, waiting queries
 *
 * With Redis, commits and changes reach the tails and hubs of the other processes, too; the poll sees to what gets lost.
 */
import type { Logger } from 'pino'
import type { ApiContext, RowsInMemory } from './api/context.ts'
import { serve } from './api/serve.ts'
import { sweepClaims } from './command/claim-sweep.ts'
import { sweepReceipts } from './command/receipt-sweep.ts'
import type { CommandRequest, Outcome } from './command/request.ts'
import { createWriteSide } from './command/write-side.ts'
import type { Config } from './config.ts'
import type { Sku } from './domain/values.ts'
import { startIntake } from './integration/channels.ts'
import {
  LINE_ALLOCATED,
  beginLineAllocatedRelay,
  createLineAllocatedRelay,
} from './integration/line-allocated.ts'
import { ReadModelKeeper } from './integration/read-model-keeper.ts'
import { AVAILABILITY_REDIS, createReadModel } from './integration/read-model.ts'
import { RedisAvailability } from './integration/redis-availability.ts'
import { addressOf, describeConnectionFailure } from './lib/connection-failure.ts'
import { isUnavailable } from './lib/postgres-error.ts'
import { openPool, openSession } from './lib/postgres.ts'
import { atMostEvery } from './lib/at-most-every.ts'
import { describeRedisFailure, isRedisFailure } from './lib/redis-failure.ts'
import { linkRedis } from './lib/redis.ts'
import { repeat } from './lib/repeating.ts'
import { CheckpointPoll } from './live/checkpoint-poll.ts'
import { createConsistency, waitTogether } from './live/consistency.ts'
import { Hub } from './live/hub.ts'
import { LogHistory } from './live/log-history.ts'
import { ProgressStream } from './live/progress-stream.ts'
import { createTransport } from './live/redis-transport.ts'
import { createReplicaProgress } from './live/replica-progress.ts'
import { createHistoryRead } from './log/history-read.ts'
import { partitionOf } from './log/partition.ts'
import { LogTail } from './log/tail.ts'
import { forCommands, forProjector, forQueries, forReplays } from './operations/connections.ts'
import { healthRoutes } from './operations/health.ts'
import { HttpDurations } from './operations/http-durations.ts'
import { readInstallation, renewEpoch } from './operations/installation.ts'
import { createMetrics } from './operations/metrics.ts'
import { watchOutage } from './operations/outage.ts'
import { createSnapshotCheck, oldestSnapshot } from './operations/snapshots.ts'
import { analyzeYoungTables } from './operations/young-tables.ts'
import { projections } from './projection/all.ts'
import { createLedger } from './projection/ledger.ts'
import { createReads } from './projection/read-side.ts'
import { Projectors } from './projector/projectors.ts'
import { consoleRoutes } from './web/console.ts'

export interface ComposeOptions {
  readonly config: Config
  /** A migrated database. */
  readonly databaseUrl: string
  readonly logger: Logger
  readonly now?: () => Date
  /** False: no query is answered but by Apollo itself, to compare. */
  readonly shortLane?: boolean
  /** How long a live group that everybody has left waits for somebody who comes back. */
  readonly groupLingerMs?: number
  /** How long a client may leave an answer unread while others need the room; a second if it is left out. */
  readonly unreadPatienceMs?: number
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

const MAX_RECENT_EVENTS = 10_000
const QUERY_CONNECTIONS = 8
const REPLAY_CONNECTIONS = 2
const CONSISTENCY_TIMEOUT_MS = 5000
/** Reads that wait for a projection, or for a look at the database. */
const MAX_WAITING_READS = 10_000
const PROGRESS_INTERVAL_MS = 250
/** If the database has said nothing for so long, what is in memory may be older than it looks. */
const MAX_SILENCE_MS = 2000
/** How soon a lost signal is made good. */
const POLL_INTERVAL_MS = 250
/** Limits how often repeated warnings are logged. */
const WARNING_INTERVAL_MS = 60_000
/** How soon it is found out that Redis can no longer be used, or can be again. */
const REDIS_CHECK_MS = 2000
/** How soon it is found out that Redis was emptied. */
const READ_MODEL_CHECK_MS = 2000
const SWEEP_INTERVAL_MS = 3_600_000
/** How long a claim to a batch reference stays if no batch came of it. */
const CLAIM_RETENTION_HOURS = 24
const SNAPSHOT_CHECK_MS = 10_000
/** How soon Postgres is told that a table has grown. */
const YOUNG_TABLES_CHECK_MS = 500
/** What clients watch is for the log alone: as labels of a metric it would have no end. */
const LARGEST_GROUPS = 5
const LARGEST_GROUPS_INTERVAL_MS = 300_000

/** @throws what keeps it from running; nothing is left open then */
export async function startOnhand(options: ComposeOptions): Promise<Onhand> {
  const releases: Release[] = []
  try {
    return await compose(options, releases)
  } catch (error) {
    await releaseAll(releases)
    throw error
  }
}

/** Lets go of something that was taken. */
type Release = () => unknown

/** In the opposite order of taking. */
async function releaseAll(releases: readonly Release[]): Promise<void> {
  for (const release of releases.toReversed()) await release()
}

async function compose(options: ComposeOptions, releases: Release[]): Promise<Onhand> {
  const { config, databaseUrl, logger, now = () => new Date(), shortLane = true } = options
  const { partitions, roles, redisUrl, redisReadModel, readDatabaseUrl } = config
  /** Of Postgres's outages its monitor warns. */
  const warn = (what: string) => (error: unknown) => {
    if (!isUnavailable(error)) logger.warn({ err: error }, what)
  }
  const watchPostgres = (url: string) =>
    watchOutage({ server: `Postgres at ${addressOf(url)}`, logger, explain: describeConnectionFailure })
  const postgres = watchPostgres(databaseUrl)
  let draining = false

  // What is known of the projections as they change.
  const readPool = openPool({ ...forQueries(databaseUrl), monitor: postgres }, QUERY_CONNECTIONS)
  releases.push(() => readPool.close())
  const reads = createReads(readPool.db, partitions, redisReadModel ? [AVAILABILITY_REDIS] : [])
  const tail = new LogTail(MAX_RECENT_EVENTS)
  const onReadError = warn('reading for live clients failed')
  const replayPool = openPool(forReplays(databaseUrl), REPLAY_CONNECTIONS)
  releases.push(() => replayPool.close())
  const { id: installation, epoch } = await readInstallation(databaseUrl)
  const hub = new Hub({
    ...reads,
    replays: createLedger(replayPool.db, partitions),
    partitions,
    epoch,
    onError: onReadError,
  })
  hub.begin(await reads.progress())

  // Other processes, and other systems.
  const redisOutage = watchOutage({
    server: `Redis at ${addressOf(redisUrl ?? 'redis:')}`,
    logger,
    explain: describeRedisFailure,
  })
  const redis = redisUrl === null ? null : await linkRedis(redisUrl, redisOutage.failed)
  releases.push(() => redis?.close())
  if (redis !== null) {
    const checks = repeat(() => redis.check().then(redisOutage.answered), REDIS_CHECK_MS, redisOutage.failed)
    releases.push(() => checks.close())
  }
  const warnSometimes = atMostEvery(WARNING_INTERVAL_MS, warn('working with Redis failed'))
  const onRedisError = (error: unknown) =>
    isRedisFailure(error) ? redisOutage.failed(error) : warnSometimes(error)

  // Projectors, and the slow look at the database for all signals that get lost.
  const connection = (name: string) => ({ ...forProjector(databaseUrl, name), monitor: postgres })
  const projectors = new Projectors({
    connection,
    partitions,
    tail,
    logger,
    onError(projection, error) {
      if (isRedisFailure(error)) redisOutage.failed(error)
      else if (!isUnavailable(error))
        logger.warn({ err: error, projection }, 'projecting failed, and is tried again')
    },
  })
  releases.push(() => projectors.close())
  const history = new LogHistory({
    epoch,
    tail,
    hub,
    find: createHistoryRead(readPool.db),
    progress: reads.progress,
    renew: (ended) => renewEpoch(writeSide.db, ended),
    onReplaced(replaced) {
      projectors.reset()
      logger.error(
        replaced,
        'the log has another history than before: everything begins anew from the database',
      )
    },
  })
  const poll = new CheckpointPoll({
    look: () => history.look(),
    intervalMs: POLL_INTERVAL_MS,
    onFound({ epoch: of, progress }) {
      if (of !== history.epoch) return
      hub.catchUp(progress)
      for (const { projection, partition, error } of progress)
        if (error === null) projectors.resume(projection, partition)
    },
    onError: warn('the database cannot be polled'),
  })
  releases.push(() => poll.close())

  const transport =
    redis === null
      ? null
      : createTransport({
          redis,
          installation,
          epoch: () => history.epoch,
          onHead: ({ partition, from, to }) => tail.advance(partition, to, from),
          onProgress: (progressed) => hub.announce(progressed),
          onReconnect() {
            hub.refresh()
            void poll.poll()
          },
          onError: onRedisError,
        })
  if (transport !== null) hub.connect(transport.channels)
  releases.push(() => transport?.close())

  // Commands.
  const writeSide = createWriteSide({
    connection: { ...forCommands(databaseUrl), monitor: postgres },
    partitions,
    now,
    onCommit(commit) {
      tail.add(commit)
      transport?.publishHead(commit)
    },
    onBatch: (report) => metrics.batch(report),
  })
  releases.push(() => writeSide.close())
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

  // Queries and subscriptions.
  const replica =
    readDatabaseUrl === null
      ? null
      : openPool(
          { ...forQueries(readDatabaseUrl), monitor: watchPostgres(readDatabaseUrl) },
          QUERY_CONNECTIONS,
        )
  releases.push(() => replica?.close())
  const queries = replica === null ? reads : createReads(replica.db, partitions)
  const consistency = createConsistency({
    history,
    progress: replica === null ? hub.progress : createReplicaProgress(queries.progress),
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
    onError: onReadError,
  })
  const live = {
    hub,
    partitions,
    partitionOf: inPartition,
    admit,
    epoch: () => history.epoch,
    progress: () => progressStream.subscribe(),
  }
  // A replica's rows may be older than the hub's or newer: all answers are to come from one of the two.
  const isFresh = () => replica === null && performance.now() - poll.lastAnswerAt < MAX_SILENCE_MS
  const memory: RowsInMemory = {
    products: (sku) => (isFresh() ? hub.products.peek(sku) : undefined),
    orders: (id) => (isFresh() ? hub.orders.peek(id) : undefined),
  }
  const shared = { dispatch, reads: { ...queries, progress: reads.progress }, memory }
  const createContext = (requestId: string): ApiContext => ({
    requestId,
    ...shared,
    consistent: waitTogether(consistency.reached),
    log: { epoch: history.epoch, admit, partitionOf: inPartition },
  })
  const metrics = createMetrics({
    answers: () => ({ ...served.answers }),
    sockets: () => served.sockets(),
    streams: () => served.streams(),
    missed: () => hub,
    liveGroups: () => served.liveGroups.size,
    clientMemory: () => served.memory,
    liveMembers: () => served.liveGroups.members,
    watched: () => ({
      products: hub.products.watchedKeys,
      orders: hub.orders.watchedKeys,
      ledger: hub.ledger.followers,
    }),
    liveMembersByField: () => served.liveGroups.membersByField(),
    queuedCommands: () => writeSide.dispatcher.queuedCommands,
    postgresIsUp: () => !postgres.lasts,
    redisIsUp: redis === null ? null : () => !redisOutage.lasts,
    oldestSnapshot: async () => (await oldestSnapshot(writeSide.db))?.seconds ?? 0,
    progress: reads.progress,
  })

  if (roles.has('projector')) {
    for (const projection of projections) {
      await projectors.project(projection, (change) => {
        hub.take(change)
        transport?.publishChange(change)
        metrics.projected(projection.name, Number(change.to.position - change.from.position))
      })
    }
    if (redis !== null) {
      const session = openSession(connection(LINE_ALLOCATED))
      await beginLineAllocatedRelay(
        session,
        partitions,
        config.lineAllocatedFrom,
        (partition, position, head) =>
          logger.warn(
            { partition, position: String(position), head: String(head) },
            'line_allocated was ahead of the log, as after a restore, and goes on from its end',
          ),
      ).finally(() => session.close())
      await projectors.run(
        LINE_ALLOCATED,
        () => createLineAllocatedRelay(redis),
        () => {},
      )
    }
    if (redis !== null && redisReadModel) {
      const inRedis = new RedisAvailability(redis.client, installation)
      await projectors.run(
        AVAILABILITY_REDIS,
        (db) => createReadModel(db, inRedis),
        ({ from, to }) => metrics.projected(AVAILABILITY_REDIS, Number(to.position - from.position)),
      )
      const keeper = new ReadModelKeeper({
        link: redis,
        redis: inRedis,
        db: readPool.db,
        progress: reads.progress,
        openSession: () => openSession(connection(`${AVAILABILITY_REDIS} restoring`)),
      })
      const checks = repeat(() => keeper.check(), READ_MODEL_CHECK_MS, onRedisError)
      releases.push(() => checks.close())
    }
  }
  if (roles.has('sweeper')) {
    const hoursAgo = (hours: number) => new Date(now().getTime() - hours * 3_600_000)
    async function sweep(): Promise<void> {
      await sweepReceipts(writeSide.db, hoursAgo(config.receiptRetentionHours))
      await sweepClaims(writeSide.db, partitions, hoursAgo(CLAIM_RETENTION_HOURS))
    }
    const sweeper = repeat(sweep, SWEEP_INTERVAL_MS, warn('sweeping receipts and claims failed'))
    releases.push(() => sweeper.close())
    const checkSnapshots = createSnapshotCheck(writeSide.db, logger)
    const snapshots = repeat(checkSnapshots, SNAPSHOT_CHECK_MS, warn('looking for open snapshots failed'))
    releases.push(() => snapshots.close())
    const analyze = () => analyzeYoungTables(writeSide.db)
    const youngTables = repeat(analyze, YOUNG_TABLES_CHECK_MS, warn('analyzing young tables failed'))
    releases.push(() => youngTables.close())
    if (redis !== null) {
      const intake = startIntake({
        redis,
        dispatch,
        positions: writeSide.streams,
        now,
        onError: onRedisError,
      })
      releases.push(() => intake.close())
    }
  }
  const durations = new HttpDurations()
  durations.register(metrics.registry)
  const served = await serve({
    ...config,
    shortLane,
    groupLingerMs: options.groupLingerMs,
    unreadPatienceMs: options.unreadPatienceMs,
    logger,
    createContext,
    live,
    stats: metrics.live,
    graphql: roles.has('api'),
    routes: async (http) => {
      durations.watch(http)
      await healthRoutes(http, {
        draining: () => draining,
        progress: reads.progress,
        registry: metrics.registry,
      })
      if (roles.has('api')) await consoleRoutes(http)
    },
  })
  releases.push(() => served.close())
  const logLargest = async () => {
    const largest = served.liveGroups.largest(LARGEST_GROUPS)
    if (largest.length > 0) logger.info({ largest }, 'the live operations that the most clients watch')
  }
  const largestGroups = repeat(
    logLargest,
    LARGEST_GROUPS_INTERVAL_MS,
    warn('the live operations cannot be told'),
  )
  releases.push(() => largestGroups.close())
  poll.start()

  return {
    url: served.url,
    dispatch,
    isEmpty: async () => (await reads.progress()).every(({ head }) => head.position === 0n),
    async close() {
      draining = true
      if (config.drainSeconds > 0) await served.drain(config.drainSeconds * 1000)
      await releaseAll(releases)
    },
  }
}
