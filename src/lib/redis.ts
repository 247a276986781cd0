/**
 * Redis at a URL, be it one server or a cluster of which the URL names any node. Which of the two it is, it must be asked; as
 * it may be away when a process starts, that is found out in the background, and until then there is no client.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'

export type RedisClient = Redis | Cluster

export interface RedisLink {
  /** @throws RedisAway until Redis has answered once */
  readonly client: () => RedisClient
  /** A client of its own, for what would hold up others: waiting for messages. Whoever asks for it disconnects it. */
  readonly connect: () => RedisClient
  /** @throws why Redis cannot be used now */
  readonly check: () => Promise<void>
  /** Calls back once Redis has answered, or in time if it has already. */
  readonly onFound: (listener: (client: RedisClient) => void) => void
  readonly close: () => void
}

/** Redis has not been there yet. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway'
}

/** Redis is there, and cannot be used. */
export class RedisUnsuitable extends Error {
  override readonly name = 'RedisUnsuitable'
}

/** Redis is there, but as a replica, which takes no writes. */
class RedisReadOnly extends Error {
  override readonly name = 'RedisUnsuitable'
  override readonly message = 'This Redis is a replica.'
}

const PROBE_MS = 2000
const RETRY_MS = 500
/** An answer that takes longer will not come: the connection is given up, and another one made. */
const ANSWER_MS = 5000
const LEAST_VERSION = 7

type Kind = 'server' | 'cluster'

/**
 * @returns once it is connected, or once the first attempt has failed
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
    // What old servers speak, too.
    protocol: 2,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: PROBE_MS,
    commandTimeout: PROBE_MS,
  })
  // What goes wrong first is the cause. Afterwards the client says only that the connection is closed, or even goes on: with
  // database 0 if there is none of the number that the URL names.
  let cause: Error | null = null
  redis.on('error', (error: Error) => (cause ??= error))
  try {
    await redis.connect()
    const text = await redis.info()
    if (cause !== null) throw cause as Error
    const info = parseInfo(text)
    const version = info.get('redis_version') ?? '0'
    if (Number.parseInt(version) < LEAST_VERSION) {
      throw new RedisUnsuitable(`REDIS_URL names a Redis ${version}; ${LEAST_VERSION} or newer is needed.`)
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
 * They fail fast while Redis is away, instead of queueing, and come back by themselves, at a random moment within a second or
 * so, so that many processes do not come back at once.
 */
const FAIL_FAST = { enableOfflineQueue: false, maxRetriesPerRequest: 1, socketTimeout: ANSWER_MS } as const

const retryDelay = (attempt: number) => Math.min(50 * 2 ** attempt, 1000) * (0.5 + Math.random())

function connectServer(url: string): Redis {
  return new Redis(url, { ...FAIL_FAST, autoResubscribe: false, retryStrategy: retryDelay })
}

function connectCluster(url: string): Cluster {
  const { hostname, port, username, password, protocol } = new URL(url)
  // An IPv6 address stands in brackets.
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  return new Cluster([{ host, port: Number(port === '' ? 6379 : port) }], {
    shardedSubscribers: true,
    enableOfflineQueue: false,
    slotsRefreshTimeout: PROBE_MS,
    // A master that dies is replaced within seconds; look for the new one as often as that.
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

/** @returns once it is connected, or once an attempt has failed */
export async function settled(client: RedisClient): Promise<void> {
  if (client.status === 'ready') return
  await new Promise<void>((resolve) => {
    client.once('ready', resolve)
    client.once('close', resolve)
  })
}
