/** Brings a server back whenever it dies, for as long as someone uses it. */
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Server } from './start.ts'
import { isRunning } from './process-identity.ts'

const WATCH_INTERVAL_MS = 1_000
const FIRST_BACKOFF_MS = 200
const MAX_BACKOFF_MS = 10_000
/** A server that ran for this long did not die of its start. */
const STABLE_MS = 60_000

/**
 * Returns when the signal is aborted, and an attempt that runs then has ended; never gives up before, and
 * never rejects. None of its waiting keeps Node alive.
 *
 * @param bringBack may find that another user of the server was faster, and take over what that one started
 */
export async function supervise(
  first: Server,
  bringBack: () => Promise<Server>,
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
      server = await bringBack()
      log(`Postgres is back on port ${server.port}, process ${server.pid}.`)
    } catch (error) {
      if (!signal.aborted) log(`Postgres could not be brought back: ${(error as Error).message}`)
    }
  }
}

/** At once the first time: most servers die only once. */
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
