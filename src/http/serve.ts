import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { DocumentNode } from 'graphql'
import type { Logger } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import { createApollo } from './apollo.ts'
import type { ApiContext } from '../graphql/context.ts'
import { graphqlRoute } from './graphql-route.ts'
import { createHttpServer } from './http.ts'
import { ClientMemory } from '../admission/client-memory.ts'
import { limitConnections } from '../admission/connection-limit.ts'
import { documentBytes } from '../graphql/document-size.ts'
import { createCaching } from './http-caching.ts'
import { keyValueCache } from './key-value-cache.ts'
import { KnownOperations } from './known-operations.ts'
import { FastPath } from './fast-path.ts'
import type { AnswerCounts } from './fast-path.ts'
import { createHostPolicy } from '../admission/hosts.ts'
import { createOriginPolicy } from '../admission/origins.ts'
import { createSchema } from '../graphql/schema.ts'
import { Backlogs } from '../delivery/backlogs.ts'
import { Admission } from '../admission/admission.ts'
import { createClientAddress } from '../admission/client-address.ts'
import { createHttpStreams } from '../delivery/http-streams.ts'
import { LiveGroups } from '../delivery/groups.ts'
import { createPrepare } from '../graphql/subscriptions/operation.ts'
import { atMostEvery } from '../lib/at-most-every.ts'
import type { LiveStats } from '../live/stats.ts'
import type { LiveStreams } from '../graphql/subscriptions/streams.ts'
import { createLiveSockets } from '../delivery/websocket.ts'
import { UnreadAnswers } from '../admission/unread-answers.ts'
import { acceptUpgrades } from './upgrades.ts'

export interface ServeOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly allowedOrigins: readonly string[]
  readonly allowedHosts: readonly string[]
  readonly production: boolean
  readonly maxLiveConnections: number
  readonly maxLiveConnectionsPerAddress: number
  readonly maxConnectionsPerAddress: number
  readonly trustedProxies: readonly string[]
  readonly clientMemoryMb: number
  /** How long a group without members is kept for clients that reconnect. */
  readonly groupLingerMs?: number | undefined
  /** How long a client may leave an answer unread while others need the memory. */
  readonly unreadPatienceMs?: number | undefined
  /** Whether clients may read the schema. */
  readonly introspection: boolean
  readonly cacheMaxAgeSeconds: number
  readonly cacheStaleSeconds: number
  /** False: Apollo serves every query. */
  readonly fastPath: boolean
  readonly logger: Logger
  readonly createContext: (requestId: string) => ApiContext
  readonly live: LiveStreams
  readonly stats: LiveStats
  /** False: the process serves only `routes`, such as health and metrics. */
  readonly graphql: boolean
  /** Registers the routes beside GraphQL's. */
  readonly routes: (http: FastifyInstance) => Promise<void>
}

export interface Served {
  /** `http://127.0.0.1:4000` */
  readonly url: string
  readonly sockets: () => number
  readonly streams: () => number
  readonly answers: Readonly<AnswerCounts>
  readonly liveGroups: Pick<LiveGroups, 'size' | 'members' | 'membersByField' | 'largest'>
  readonly memory: Pick<ClientMemory, 'limitBytes' | 'bytes'>
  /** Disconnects live clients so that they reconnect elsewhere, in random order over this time. Still serves new clients meanwhile. */
  readonly drain: (ms: number) => Promise<void>
  /** Answers requests under way and disconnects all clients. */
  readonly close: () => Promise<void>
}

const GRAPHQL_PATH = '/graphql'
const MAX_SUBSCRIPTIONS_PER_SOCKET = 20
const ADDRESS_WARNING_INTERVAL_MS = 60_000
const PING_INTERVAL_MS = 10_000
/** Clients that reconnect within this time find their group still in memory. */
const GROUP_LINGER_MS = 10_000
const MAX_IDLE_GROUPS = 1000
/** A client that reads at all has read most answers by then. */
const UNREAD_PATIENCE_MS = 1000
/** When the server closes, requests that take longer than this are aborted. */
const DRAIN_TIMEOUT_MS = 3000

/** HTTP and WebSocket on one port. */
export async function serve(options: ServeOptions): Promise<Served> {
  const { logger, createContext, production, introspection, live, stats } = options
  const schema = createSchema()
  const report = (error: unknown, requestId: string) =>
    logger.error({ err: error, requestId }, 'request failed')
  const origins = createOriginPolicy(options.allowedOrigins, production)
  const hosts = createHostPolicy(options.allowedHosts)
  const memory = new ClientMemory(options.clientMemoryMb)
  const clientAddressOf = createClientAddress(options.trustedProxies)
  const unread = new UnreadAnswers(memory, clientAddressOf, options.unreadPatienceMs ?? UNREAD_PATIENCE_MS)
  const http = createHttpServer(logger, origins, hosts, unread)
  limitConnections(http.server, options.maxConnectionsPerAddress, clientAddressOf)
  const operations = new KnownOperations(memory)
  const apollo = createApollo({
    schema,
    introspection,
    production,
    logger,
    report,
    documentStore: keyValueCache(memory.cache<string, DocumentNode>('apolloDocuments', documentBytes)),
    persistedQueries: operations.persistedQueries,
    plugins: [operations.plugin],
  })
  const applyCaching = createCaching({
    maxAgeSeconds: options.cacheMaxAgeSeconds,
    staleSeconds: options.cacheStaleSeconds,
  })
  const counts: AnswerCounts = { apollo: 0, fastPath: 0, memory: 0 }
  const fastPath = options.fastPath
    ? new FastPath({ operations, memory, createContext, applyCaching, counts, report })
    : null
  const groups = new LiveGroups({
    ledger: live.hub.ledger,
    memory,
    stats,
    lingerMs: options.groupLingerMs ?? GROUP_LINGER_MS,
    maxIdle: MAX_IDLE_GROUPS,
    createContext: () => createContext(uuidv7()),
    report,
  })
  const prepare = createPrepare({ schema, production, live, memory })
  const admission = new Admission({
    maxConnections: options.maxLiveConnections,
    maxConnectionsPerAddress: options.maxLiveConnectionsPerAddress,
    clientAddressOf,
    onAddressFull: atMostEvery(ADDRESS_WARNING_INTERVAL_MS, (address) =>
      logger.warn(
        { address, connections: options.maxLiveConnectionsPerAddress },
        'an address has reached its limit of live connections; if it is a proxy, add it to TRUSTED_PROXIES',
      ),
    ),
  })
  const backlogs = new Backlogs(memory)
  const streams = createHttpStreams({ prepare, groups, stats, backlogs, admission, report })
  const sockets = createLiveSockets({
    path: GRAPHQL_PATH,
    allowsOrigin: origins.allows,
    prepare,
    groups,
    stats,
    backlogs,
    epoch: live.epoch,
    createRequestId: uuidv7,
    admission,
    maxSubscriptionsPerConnection: MAX_SUBSCRIPTIONS_PER_SOCKET,
    pingIntervalMs: PING_INTERVAL_MS,
    report,
  })
  await options.routes(http)
  if (options.graphql) {
    await apollo.start()
    await graphqlRoute(http, {
      path: GRAPHQL_PATH,
      schema,
      introspection,
      apollo,
      createContext,
      streams,
      fastPath,
      unread,
      applyCaching,
      counts,
    })
  }
  acceptUpgrades(http.server, hosts, options.graphql ? sockets.upgrade : null)
  await http.listen({ port: options.port, host: options.host })

  return {
    url: urlOf(http),
    sockets: () => sockets.connections,
    streams: () => streams.connections,
    answers: counts,
    liveGroups: groups,
    memory,
    async drain(ms) {
      await Promise.all([sockets.drain(ms), streams.drain(ms)])
    },
    async close() {
      await Promise.all([sockets.close(), streams.drain(0), closeHttp(http)])
      groups.close()
      if (options.graphql) await apollo.stop()
    },
  }
}

async function closeHttp(http: FastifyInstance): Promise<void> {
  const cutOff = setTimeout(() => http.server.closeAllConnections(), DRAIN_TIMEOUT_MS)
  await http.close()
  clearTimeout(cutOff)
}

function urlOf(http: FastifyInstance): string {
  const { address, family, port } = http.server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
