/** Restarts a server whenever it dies, as long as a process uses it. */
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Server } from './start.ts'
import { isRunning } from './process-identity.ts'

const WATCH_INTERVAL_MS = 1_000
const FIRST_BACKOFF_MS = 200
const MAX_BACKOFF_MS = 10_000
/** If a server ran for this long, its start is not what made it die. */
const STABLE_MS = 60_000

/**
 * Runs until the signal is aborted and a restart in progress has ended. It never gives up before, and never rejects. Its timers do not
 * keep Node running.
 *
 * @param restart may find that another user of the server was faster, and take over its server
 */
export async function supervise(
  first: Server,
  restart: () => Promise<Server>,
  log: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let server: Server | null = first
  let failures = 0
  while (!signal.aborted) {
    try {
      if (server !== null) {
        const since = performance.now()
        await death(server, signal)
        if (performance.now() - since > STABLE_MS) failures = 0
        log(`Postgres, process ${server.pid}, has died.`)
        server = null
      }
      await setTimeout(backoffMs(failures++), undefined, { signal, ref: false })
      server = await restart()
      log(`Postgres has restarted on port ${server.port}, process ${server.pid}.`)
    } catch (error) {
      if (!signal.aborted) log(`Postgres could not be restarted: ${(error as Error).message}`)
    }
  }
}

/** The first restart is immediate, because most servers die only once. */
const backoffMs = (failures: number): number =>
  failures === 0 ? 0 : Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1))

/** @throws AbortError */
async function death({ child, identity }: Server, signal: AbortSignal): Promise<void> {
  if (child !== null) {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit', { signal })
    return
  }
  while (await isRunning(identity)) await setTimeout(WATCH_INTERVAL_MS, undefined, { signal, ref: false })
}
