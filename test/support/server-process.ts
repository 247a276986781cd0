/** Runs `onhand start` as a separate process that the test can kill. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { freePort } from './redis-server.ts'

export interface ServerProcess {
  readonly url: string
  readonly pid: number
  /** Kills the process, and waits for its end. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

export interface ServerProcessOptions {
  /** Null for embedded Postgres, in DATA_DIR. */
  readonly databaseUrl: string | null
  /** Any free port by default. */
  readonly port?: number
  readonly environment?: Record<string, string>
}

const PROGRAM = join(import.meta.dirname, '../../src/cli/onhand.ts')

/** @returns after the server has reported that it is ready */
export async function startServer(options: ServerProcessOptions): Promise<ServerProcess> {
  const { databaseUrl, port = await freePort(), environment = {} } = options
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, 'start'], {
    env: {
      ...process.env,
      NODE_ENV: 'test',
      SEED: 'none',
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'fatal',
      REDIS_URL: '',
      PORT: String(port),
      DATABASE_URL: databaseUrl ?? '',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('onhand ready')) continue
    child.stdout.resume()
    return {
      url: `http://127.0.0.1:${port}`,
      pid: child.pid as number,
      async kill(signal = 'SIGKILL') {
        if (child.exitCode === null && child.signalCode === null) child.kill(signal)
        const [code, endedBy] = await exited
        return { code, signal: endedBy }
      },
    }
  }
  throw new Error('The server ended before it was ready.')
}
