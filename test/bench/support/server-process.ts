import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Bench } from '../suite.ts'
import { SERVER_CORE, pin } from './cores.ts'

export interface ServerProcess {
  /** `http://127.0.0.1:34567/graphql` */
  readonly url: string
  readonly pid: number
  readonly hasEnded: () => boolean
}

export interface ServerOptions {
  readonly nodeOptions?: readonly string[]
  /** Receives each line of the log; by default, lines go to stderr. */
  readonly onLogLine?: (line: string) => void
}

const PROGRAM = join(import.meta.dirname, '../../../src/cli/onhand.js')
const READY = /GraphQL (http:\S+)/

/** Runs `onhand start` as usual, on its own core. */
export async function startServer(
  { onEnd }: Pick<Bench, 'onEnd'>,
  databaseUrl: string,
  { nodeOptions = [], onLogLine }: ServerOptions = {},
): Promise<ServerProcess> {
  const settings = { PORT: '0', SEED: 'none', LOG_LEVEL: 'warn', NODE_ENV: 'production' }
  const child = spawn(process.execPath, [...profiling(), ...nodeOptions, PROGRAM, 'start'], {
    env: { ...process.env, ...settings, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', onLogLine === undefined ? 'inherit' : 'pipe'],
  })
  if (child.stderr !== null && onLogLine !== undefined) createInterface(child.stderr).on('line', onLogLine)
  const exited = once(child, 'exit')
  onEnd(async () => {
    child.kill('SIGTERM')
    await exited
  })
  for await (const line of createInterface(child.stdout as Readable)) {
    const url = READY.exec(line)?.[1]
    if (url === undefined) continue
    child.stdout?.resume()
    const pid = child.pid as number
    pin(pid, SERVER_CORE)
    return { url, pid, hasEnded: () => child.exitCode !== null || child.signalCode !== null }
  }
  throw new Error('The server ended before it was ready.')
}

/** `BENCH_SERVER_OPTIONS=--cpu-prof npm run bench -- commands` */
const profiling = (): string[] => process.env['BENCH_SERVER_OPTIONS']?.split(' ') ?? []
