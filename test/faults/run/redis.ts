/** The Redis of the round, and how often it has lost all its data. */
import { Redis } from 'ioredis'
import { startRedis } from '../../support/redis-server.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { stablePort } from './ports.ts'

export interface RoundRedis {
  readonly url: string
  readonly client: () => { readonly client: Redis; readonly life: number }
  readonly pause: () => void
  readonly resume: () => void
  readonly kill: () => Promise<void>
  /** Restarts it empty after it was killed. */
  readonly restart: () => Promise<void>
  readonly flush: () => Promise<void>
  readonly cutClients: () => Promise<void>
  readonly close: () => Promise<void>
}

const ANSWER_MS = 1000

export async function openRedis(): Promise<RoundRedis> {
  const port = await stablePort()
  let server: RedisServer = await startRedis(port)
  let life = 1
  const client = new Redis(server.url, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: ANSWER_MS,
    retryStrategy: () => 50,
  })
  client.on('error', () => {})
  return {
    url: server.url,
    client: () => ({ client, life }),
    pause: () => server.pause(),
    resume: () => server.resume(),
    async kill() {
      life += 1
      await server.kill()
    },
    async restart() {
      server = await startRedis(port)
    },
    async flush() {
      life += 1
      await client.flushall().catch(() => {})
    },
    async cutClients() {
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => {})
    },
    async close() {
      client.disconnect()
      server.resume()
      await server.kill()
    },
  }
}
