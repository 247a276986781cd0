/** A Redis for tests: the one that REDIS_URL names, or a server from the PATH, or one that Docker runs. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { until } from './until.ts'

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Pauses the process, as if its machine hung, until `resume`. */
  readonly pause: () => void
  readonly resume: () => void
  /** Kills the process with `SIGKILL`, like a crash. */
  readonly kill: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** The program with which tests can start their own Redis; undefined if there is none. */
export const redisProgram = ['redis-server', 'valkey-server'].find(
  (program) => spawnSync(program, ['--version']).status === 0,
)

/** Finds or starts the Redis of the whole run; null if that is not possible. */
export async function findRedis(): Promise<Pick<RedisServer, 'url' | 'stop'> | null> {
  const given = process.env['REDIS_URL']
  if (given !== undefined && given !== '') return { url: given, stop: async () => {} }
  if (redisProgram !== undefined) return startRedis()
  return startRedisInDocker()
}

/** @param port the port of a killed server that is started again; any free port by default */
export async function startRedis(port?: number, ...options: string[]): Promise<RedisServer> {
  if (redisProgram === undefined) throw new Error('There is no redis-server on the PATH.')
  const directory = await mkdtemp(join(tmpdir(), 'onhand-redis-'))
  const chosen = port ?? (await freePort())
  const settings = ['--port', String(chosen), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn(redisProgram, [...settings, '--dir', directory, ...options], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const url = `redis://127.0.0.1:${chosen}`
  await answering(url)
  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill(signal)
    await exited
    await rm(directory, { recursive: true, force: true })
  }
  return {
    url,
    port: chosen,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
}

async function startRedisInDocker(): Promise<Pick<RedisServer, 'url' | 'stop'> | null> {
  const run = spawnSync('docker', [
    'run',
    '--detach',
    '--rm',
    '--publish',
    '127.0.0.1::6379',
    'redis:8-alpine',
  ])
  if (run.status !== 0) return null
  const container = run.stdout.toString().trim()
  const port = spawnSync('docker', ['port', container, '6379/tcp'])
    .stdout.toString()
    .split(':')
    .at(-1)
    ?.trim()
  const url = `redis://127.0.0.1:${port}`
  await answering(url)
  return { url, stop: async () => void spawnSync('docker', ['kill', container]) }
}

async function answering(url: string): Promise<void> {
  await until(async () => {
    const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.ping()) === 'PONG'
    } catch {
      return false
    } finally {
      client.disconnect()
    }
  })
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
