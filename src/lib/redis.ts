/**
 * Connects to Redis at a URL: to one server, or to a cluster of which the URL names any node. A probe finds out which of the two
 * it is. Redis may be unreachable when a process starts, so the probe is repeated in the background, and there is no client
 * until it succeeds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'

export type RedisClient = Redis | Cluster

export interface RedisLink {
  /** @throws RedisAway until Redis has answered once */
  readonly client: () => RedisClient
  /** Creates a separate client for work that would block others, such as waiting for messages. The caller disconnects it. */
  readonly connect: () => RedisClient
  /** @throws the error if Redis cannot be used now */
  readonly check: () => Promise<void>
  /** Calls the listener when Redis has answered for the first time, or at once if it already has. */
  readonly onFound: (listener: (client: RedisClient) => void) => void
  readonly close: () => void
}

/** Redis has not answered since the process started. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway'
}

/** Redis answers but cannot be used. */
export class RedisUnsuitable extends Error {
  override readonly name = 'RedisUnsuitable'
}

/** Redis answers but is a replica, which is read-only. */
class RedisReadOnly extends Error {
  override readonly name = 'RedisUnsuitable'
  override readonly message = 'This Redis is a replica.'
}

const PROBE_MS = 2000
const RETRY_MS = 500
/** After this time without an answer, the connection is closed and another one is opened. */
const ANSWER_MS = 5000
const LEAST_VERSION = 7

type Kind = 'server' | 'cluster'

/**
 * @returns when Redis is connected, or when the first attempt has failed
 * @throws RedisUnsuitable
 */
export async function linkRedis(url: string, onError: (error: unknown) => void): Promise<RedisLink> {
  const listeners: ((client: RedisClient) => void)[] = []
  const closing = new AbortController()
  let kind: Kind | null = null
  let shared: RedisClient | null = null

  function client(): RedisClient {
    if (shared === null) throw new RedisAway('Redis has not answered yet.')
    return shared
  }

  function connect(): RedisClient {
    if (kind === null) throw new RedisAway('Redis has not answered yet.')
    const made = kind === 'server' ? connectServer(url) : connectCluster(url)
    made.on('error', onError)
    return made
  }

  async function find(): Promise<void> {
    kind = await probe(url)
    if (closing.signal.aborted) return
    shared = connect()
    for (const listener of listeners) listener(shared)
  }

  async function keepLooking(): Promise<void> {
    while (kind === null && !closing.signal.aborted) {
      await sleep(RETRY_MS * (0.5 + Math.random()), undefined, { signal: closing.signal }).catch(() => {})
      if (!closing.signal.aborted) await find().catch(onError)
    }
  }

  try {
    await find()
    await settled(client())
  } catch (error) {
    if (error instanceof RedisUnsuitable) throw error
    onError(error)
    void keepLooking()
  }

  return {
    client,
    connect,
    async check() {
      const asked = client()
      if (asked instanceof Redis) requirePrimary(await asked.info('replication'))
      else await asked.ping()
    },
    onFound(listener) {
      if (shared === null) listeners.push(listener)
      else listener(shared)
    },
    close() {
      closing.abort()
      shared?.disconnect()
    },
  }
}

async function probe(url: string): Promise<Kind> {
  const redis = new Redis(url, {
    // Old servers support this protocol, too, so the probe can read their version.
    protocol: 2,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: PROBE_MS,
    commandTimeout: PROBE_MS,
  })
  // The first error is the cause. Later errors say only that the connection is closed. If the database number of the URL does
  // not exist, the client even continues with database 0.
  let cause: Error | null = null
  redis.on('error', (error: Error) => (cause ??= error))
  try {
    await redis.connect()
    const text = await redis.info()
    if (cause !== null) throw cause as Error
    const info = parseInfo(text)
    const version = info.get('redis_version') ?? '0'
    if (Number.parseInt(version) < LEAST_VERSION) {
      throw new RedisUnsuitable(
        `REDIS_URL names Redis ${version}; version ${LEAST_VERSION} or newer is required.`,
      )
    }
    if (info.get('cluster_enabled') === '1') return 'cluster'
    requirePrimary(text)
    return 'server'
  } catch (error) {
    throw cause ?? error
  } finally {
    redis.disconnect()
  }
}

const parseInfo = (text: string): Map<string, string> =>
  new Map(text.split('\r\n').map((line) => line.split(':') as [string, string]))

function requirePrimary(info: string): void {
  if (parseInfo(info).get('role') === 'slave') throw new RedisReadOnly()
}

/**
 * While Redis is unreachable, clients fail fast instead of queueing commands. They reconnect at a random moment within about a
 * second, so that many processes do not reconnect at the same time.
 */
const FAIL_FAST = { enableOfflineQueue: false, maxRetriesPerRequest: 1, socketTimeout: ANSWER_MS } as const

const retryDelay = (attempt: number) => Math.min(50 * 2 ** attempt, 1000) * (0.5 + Math.random())

function connectServer(url: string): Redis {
  return new Redis(url, { ...FAIL_FAST, autoResubscribe: false, retryStrategy: retryDelay })
}

function connectCluster(url: string): Cluster {
  const { hostname, port, username, password, protocol } = new URL(url)
  // In a URL, an IPv6 address has brackets.
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  return new Cluster([{ host, port: Number(port === '' ? 6379 : port) }], {
    shardedSubscribers: true,
    enableOfflineQueue: false,
    slotsRefreshTimeout: PROBE_MS,
    // A failed master is replaced within seconds, so look for the new one that often.
    slotsRefreshInterval: PROBE_MS,
    maxRedirections: 4,
    clusterRetryStrategy: retryDelay,
    redisOptions: {
      socketTimeout: ANSWER_MS,
      connectTimeout: PROBE_MS,
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' ? { tls: {} } : {}),
    },
  })
}

/** Waits until the client is connected, or until an attempt has failed. */
export async function settled(client: RedisClient): Promise<void> {
  if (client.status === 'ready') return
  await new Promise<void>((resolve) => {
    client.once('ready', resolve)
    client.once('close', resolve)
  })
}
