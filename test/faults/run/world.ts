/** The processes of a round: two servers of the product, each with its own connection path to one Postgres, and one Redis. */
import { join } from 'node:path'
import postgres from 'postgres'
import { findPostmaster } from '../../../src/operations/postgres/postmaster.ts'
import type { EmbeddedPostgres } from '../../../src/operations/postgres/embedded.ts'
import { openFlakyLink } from '../../support/flaky-link.ts'
import type { FlakyLink } from '../../support/flaky-link.ts'
import { stablePort } from './ports.ts'
import { openRedis } from './redis.ts'
import type { RoundRedis } from './redis.ts'
import { createServer } from './server.ts'
import type { Server } from './server.ts'

export interface World {
  /** A direct connection to the database, as its owner. */
  readonly databaseUrl: string
  readonly sql: postgres.Sql
  readonly program: string
  readonly environment: Readonly<Record<string, string>>
  readonly servers: readonly Server[]
  /** By server. */
  readonly links: readonly FlakyLink[]
  readonly redis: RoundRedis
  /** Stops Postgres in immediate mode: it writes nothing and breaks connections. Its users restart it. */
  readonly stopPostgres: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface WorldOptions {
  readonly name: string
  readonly directory: string
  readonly program: string
  readonly postgres: EmbeddedPostgres
  readonly partitions: number
}

const SERVERS = ['A', 'B']

export async function openWorld(options: WorldOptions): Promise<World> {
  const { name, directory, program, partitions } = options
  const databaseUrl = await createDatabase(options.postgres.url, name)
  const redis = await openRedis()
  const environment = {
    REDIS_URL: redis.url,
    PARTITIONS: String(partitions),
    SEED: 'none',
    LOG_LEVEL: 'warn',
  }
  const links: FlakyLink[] = []
  const servers: Server[] = []
  for (const server of SERVERS) {
    const link = await openFlakyLink(databaseUrl, await stablePort())
    links.push(link)
    servers.push(
      createServer({
        name: server,
        program,
        port: await stablePort(),
        environment: { ...environment, DATABASE_URL: link.url },
        logFile: join(directory, `${name}-server-${server}.log`),
      }),
    )
  }
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => {}, connect_timeout: 5 })
  const world: World = {
    databaseUrl,
    sql,
    program,
    environment,
    servers,
    links,
    redis,
    async stopPostgres() {
      const found = await findPostmaster(options.postgres.dataDir)
      if (found !== null) process.kill(found.pid, 'SIGQUIT')
    },
    async close() {
      for (const server of servers) {
        server.thaw()
        await server.end('SIGKILL')
      }
      for (const link of links) await link.close()
      await redis.close()
      await sql.end({ timeout: 1 })
    },
  }
  try {
    await Promise.all(servers.map((server) => server.start()))
    return world
  } catch (error) {
    await world.close()
    throw error
  }
}

async function createDatabase(url: string, name: string): Promise<string> {
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  await admin.unsafe(`create database ${name}`)
  await admin.end()
  const made = new URL(url)
  made.pathname = `/${name}`
  return made.href
}
