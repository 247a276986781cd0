/** The environment, checked once and as a whole: every mistake is named in one message. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { isNetwork } from './lib/network.ts'

export type Role = 'api' | 'projector' | 'sweeper'

export interface Config {
  readonly port: number
  readonly host: string
  /** Where embedded Postgres keeps its data. */
  readonly dataDir: string
  /** Null: embedded Postgres. */
  readonly databaseUrl: string | null
  /** A replica for queries; null: they go where commands go. */
  readonly readDatabaseUrl: string | null
  /** Null: this is the only process, or the processes find out from the database. */
  readonly redisUrl: string | null
  /** Keep availability in Redis, too. */
  readonly redisReadModel: boolean
  /** Where the stream `line_allocated` begins when it is first switched on: at the present, or at the log's beginning. */
  readonly lineAllocatedFrom: 'now' | 'start'
  readonly roles: ReadonlySet<Role>
  /** What an empty log begins with. Nobody's own database is given sample data unless it is asked for. */
  readonly seed: 'sample' | 'none'
  readonly logLevel: string
  readonly allowedOrigins: readonly string[]
  /** Names that requests to a loopback address may have as their host, beside those of the loopback. */
  readonly allowedHosts: readonly string[]
  /** Live connections there can be, over WebSocket and HTTP together. */
  readonly maxLiveConnections: number
  readonly maxLiveConnectionsPerAddress: number
  /** Connections of any kind. */
  readonly maxConnectionsPerAddress: number
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** Megabytes that clients can make this process keep. */
  readonly clientMemoryMb: number
  readonly partitions: number
  readonly receiptRetentionHours: number
  /** Over how long live clients are sent elsewhere when the process is told to stop; 0: all at once. */
  readonly drainSeconds: number
  /** For so long shared caches may give an answer to a GET without asking; 0: they ask each time. */
  readonly cacheMaxAgeSeconds: number
  /** For so long after that they may go on giving it while they ask. */
  readonly cacheStaleSeconds: number
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean
  readonly production: boolean
}

/** What is wrong with the environment, one line a mistake. */
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

/** As browsers write it: with a slash at its end, it would never be the one that they send. */
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

/** Passwords do not belong into error messages, nor do those in which a `/` or `@` should have been escaped. */
const CREDENTIALS = /\/\/.*@/s

/** @throws ConfigError */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  // An empty variable is one that is not set: compose files and shells leave such behind.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const result = Environment.safeParse(given)
  const mistakes = (result.error?.issues ?? []).map(({ path: [name], message }) => {
    const value = given[String(name)]?.replace(CREDENTIALS, '//…@')
    return `  ${String(name)}=${value}: ${message}`
  })
  if (given['REDIS_READ_MODEL'] === 'on' && given['REDIS_URL'] === undefined)
    mistakes.push('  REDIS_READ_MODEL=on: needs REDIS_URL')
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
