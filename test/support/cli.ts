/** Runs `onhand <command>` as a separate process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface CliResult {
  /** Null if the process was killed. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export const CLI = join(import.meta.dirname, '../../src/cli/onhand.ts')

/** @param directory the working directory */
export async function onhandCli(
  args: readonly string[],
  environment: Record<string, string> = {},
  directory?: string,
): Promise<CliResult> {
  return startCli(args, environment, directory).result
}

export interface RunningCli {
  readonly kill: (signal: NodeJS.Signals) => void
  readonly result: Promise<CliResult>
}

/** Starts a command that the test can kill. */
export function startCli(
  args: readonly string[],
  environment: Record<string, string> = {},
  directory?: string,
): RunningCli {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), CLI, ...args], {
    env: { ...process.env, NO_COLOR: '1', NODE_ENV: 'test', REDIS_URL: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(directory !== undefined && { cwd: directory }),
  })
  const ended = Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  return {
    kill: (signal) => void child.kill(signal),
    result: ended.then(([stdout, stderr, [code]]) => ({ code, stdout, stderr })),
  }
}
