/** Reads and checks the environment once. One message names all mistakes. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { isNetwork } from './lib/network.ts'

export type Role = 'api' | 'projector' | 'sweeper'

export interface Config {
  readonly port: number
  readonly host: string
  /** The directory of embedded Postgres. */
  readonly dataDir: string
  /** Null: use embedded Postgres. */
  readonly databaseUrl: string | null
  /** A replica for queries. Null: queries read the primary. */
  readonly readDatabaseUrl: string | null
  /** Null: this is the only process, or the processes poll the database. */
  readonly redisUrl: string | null
  /** Whether availability is also written to Redis. */
  readonly redisReadModel: boolean
  /** Where the stream `line_allocated` begins when it is first switched on: at the end of the log, or at its start. */
  readonly lineAllocatedFrom: 'now' | 'start'
  readonly roles: ReadonlySet<Role>
  /** What is loaded into an empty log. An external database gets sample data only if SEED says so. */
  readonly seed: 'sample' | 'none'
  readonly logLevel: string
  readonly allowedOrigins: readonly string[]
  /** Hosts that requests to a loopback address may name, in addition to the loopback names. */
  readonly allowedHosts: readonly string[]
  /** Limit on live connections, over WebSocket and HTTP together. */
  readonly maxLiveConnections: number
  readonly maxLiveConnectionsPerAddress: number
  /** Limit on connections of any kind. */
  readonly maxConnectionsPerAddress: number
  /** Addresses and networks of proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[]
  /** Limit on the memory that clients can make this process hold. */
  readonly clientMemoryMb: number
  readonly partitions: number
  readonly receiptRetentionHours: number
  /** How many seconds a shutdown takes to disconnect live clients, so that they do not all reconnect at once; 0: all at once. */
  readonly drainSeconds: number
  /** How long shared caches may serve an answer to a GET without revalidation; 0: they revalidate each time. */
  readonly cacheMaxAgeSeconds: number
  /** How long after that they may serve it while they revalidate. */
  readonly cacheStaleSeconds: number
  /** Whether clients may read the schema. */
  readonly introspection: boolean
  readonly production: boolean
}

/** The message lists what is wrong with the environment, one line per mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const ROLES = ['api', 'projector', 'sweeper'] as const
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

const number = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be ${least} to ${most}`)

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  })

/** Browsers send an origin without a trailing slash, so one with a slash would never match. */
const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text

const isHost = (text: string) => text === '*' || /^(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?$/i.test(text)

const postgresUrl = url('postgres:', 'postgresql:')

const Environment = z.object({
  PORT: number(0, 65_535).default(4000),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATA_DIR: z.string().min(1).default('.onhand'),
  DATABASE_URL: postgresUrl.nullable().default(null),
  READ_DATABASE_URL: postgresUrl.nullable().default(null),
  REDIS_URL: url('redis:', 'rediss:').nullable().default(null),
  REDIS_READ_MODEL: z.enum(['on', 'off'], 'must be on or off').default('off'),
  LINE_ALLOCATED_FROM: z.enum(['now', 'start'], 'must be now or start').default('now'),
  ROLES: list
    .pipe(
      z.array(z.enum(ROLES, `must be a list of ${ROLES.join(', ')}`)).min(1, 'must name at least one role'),
    )
    .default([...ROLES]),
  SEED: z.enum(['sample', 'none'], 'must be sample or none').optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  ALLOWED_ORIGINS: list
    .pipe(z.array(z.string().refine(isOrigin, 'must be a list of origins such as https://shop.example')))
    .default(['https://studio.apollographql.com']),
  ALLOWED_HOSTS: list
    .pipe(z.array(z.string().refine(isHost, 'must be a list of hosts such as shop.example, or *')))
    .default([]),
  MAX_LIVE_CONNECTIONS: number(1, 1_000_000).default(15_000),
  MAX_LIVE_CONNECTIONS_PER_ADDRESS: number(1, 1_000_000).default(1000),
  MAX_CONNECTIONS_PER_ADDRESS: number(1, 1_000_000).default(2000),
  TRUSTED_PROXIES: list
    .pipe(z.array(z.string().refine(isNetwork, 'must be a list of addresses or networks such as 10.0.0.0/8')))
    .default([]),
  CLIENT_MEMORY_MB: number(16, 100_000).default(256),
  PARTITIONS: number(1, 1024).default(1),
  RECEIPT_RETENTION_HOURS: number(24, 24 * 365).default(72),
  DRAIN_SECONDS: number(0, 600).default(0),
  CACHE_MAX_AGE_SECONDS: number(0, 86_400).default(0),
  CACHE_STALE_SECONDS: number(0, 86_400).default(0),
  INTROSPECTION: z.enum(['on', 'off'], 'must be on or off').optional(),
  NODE_ENV: z.string().optional(),
})

/** Matches credentials, which error messages must not show. Greedy, because a password may contain an unescaped `/` or `@`. */
const CREDENTIALS = /\/\/.*@/s

/** @throws ConfigError */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  // An empty variable counts as not set: compose files and shells produce them.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const result = Environment.safeParse(given)
  const mistakes = (result.error?.issues ?? []).map(({ path: [name], message }) => {
    const value = given[String(name)]?.replace(CREDENTIALS, '//…@')
    return `  ${String(name)}=${value}: ${message}`
  })
  if (given['REDIS_READ_MODEL'] === 'on' && given['REDIS_URL'] === undefined)
    mistakes.push('  REDIS_READ_MODEL=on: REDIS_URL must be set')
  if (!result.success || mistakes.length > 0)
    throw new ConfigError(`The environment has mistakes:\n${[...new Set(mistakes)].join('\n')}`)
  const env = result.data
  const production = env.NODE_ENV === 'production'
  return Object.freeze({
    port: env.PORT,
    host: env.HOST,
    dataDir: resolve(env.DATA_DIR),
    databaseUrl: env.DATABASE_URL,
    readDatabaseUrl: env.READ_DATABASE_URL,
    redisUrl: env.REDIS_URL,
    redisReadModel: env.REDIS_READ_MODEL === 'on',
    lineAllocatedFrom: env.LINE_ALLOCATED_FROM,
    roles: new Set<Role>(env.ROLES),
    seed: env.SEED ?? (env.DATABASE_URL === null && !production ? 'sample' : 'none'),
    logLevel: env.LOG_LEVEL,
    allowedOrigins: env.ALLOWED_ORIGINS,
    allowedHosts: env.ALLOWED_HOSTS,
    maxLiveConnections: env.MAX_LIVE_CONNECTIONS,
    maxLiveConnectionsPerAddress: env.MAX_LIVE_CONNECTIONS_PER_ADDRESS,
    maxConnectionsPerAddress: env.MAX_CONNECTIONS_PER_ADDRESS,
    trustedProxies: env.TRUSTED_PROXIES,
    clientMemoryMb: env.CLIENT_MEMORY_MB,
    partitions: env.PARTITIONS,
    receiptRetentionHours: env.RECEIPT_RETENTION_HOURS,
    drainSeconds: env.DRAIN_SECONDS,
    cacheMaxAgeSeconds: env.CACHE_MAX_AGE_SECONDS,
    cacheStaleSeconds: env.CACHE_STALE_SECONDS,
    introspection:
      env.INTROSPECTION === undefined ? env.NODE_ENV !== 'production' : env.INTROSPECTION === 'on',
    production,
  })
}
