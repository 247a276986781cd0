/** A server of the product as its own process, which can be killed, suspended, and restarted on the same port. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { launch } from './product-build.ts'

export interface Server {
  readonly name: string
  readonly url: string
  /** Starts the server until it is ready, however many attempts that takes. */
  readonly start: () => Promise<void>
  /** Waits until the process has ended. */
  readonly end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<number | null>
  readonly freeze: () => void
  readonly thaw: () => void
}

export interface ServerOptions {
  readonly name: string
  readonly program: string
  readonly port: number
  readonly environment: Readonly<Record<string, string>>
  readonly logFile: string
}

/** Only a server that hangs takes this long. */
const START_MS = 180_000
const RETRY_MS = 300
/** A process that does not end on SIGTERM is killed, and that counts as a failure. */
const END_MS = 20_000

export function createServer({ name, program, port, environment, logFile }: ServerOptions): Server {
  const log = createWriteStream(logFile, { flags: 'a' })
  let child: ChildProcess | null = null

  async function becomesReady(): Promise<boolean> {
    const started = launch({
      program,
      args: ['start'],
      environment: { ...environment, PORT: String(port) },
    })
    started.stderr.pipe(log, { end: false })
    child = started
    for await (const line of createInterface(started.stdout)) {
      if (!line.startsWith('onhand ready')) continue
      started.stdout.resume()
      return true
    }
    return false
  }

  return {
    name,
    url: `http://127.0.0.1:${port}`,
    async start() {
      const deadline = performance.now() + START_MS
      while (!(await becomesReady())) {
        if (performance.now() > deadline)
          throw new Error(`${name} has not started within ${START_MS} ms; see ${logFile}.`)
        await sleep(RETRY_MS)
      }
    },
    async end(signal) {
      const ending = child
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return null
      const exited = once(ending, 'exit')
      ending.kill(signal)
      const tooLate = setTimeout(() => ending.kill('SIGKILL'), END_MS)
      const [code] = (await exited) as [number | null]
      clearTimeout(tooLate)
      return code
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  }
}
