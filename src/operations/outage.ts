import type { Logger } from 'pino'
import type { ConnectionMonitor } from '../lib/postgres.ts'

/** Tracks whether a server that this process relies on is available. */
export interface Outage extends ConnectionMonitor {
  /** Whether the last attempts to use the server failed. */
  readonly lasts: boolean
}

export interface OutageOptions {
  /** The server with its address, without the password. */
  readonly server: string
  readonly logger: Logger
  /** @returns the cause as a clause, with advice if there is any */
  readonly explain: (error: unknown) => string
}

const WARNING_INTERVAL_MS = 60_000
/** Some connections may work while others fail. The outage is over when none has failed for this long. */
const SETTLED_MS = 2000

/** Logs a warning when the server fails, then at most once per minute, and a message when it is available again. */
export function watchOutage({ server, logger, explain }: OutageOptions): Outage {
  let lasts = false
  let failures = 0
  let failedAt = -Infinity
  let warnedAt = -Infinity
  return {
    get lasts() {
      return lasts
    },
    answered() {
      if (!lasts || performance.now() - failedAt < SETTLED_MS) return
      lasts = false
      logger.info(`${server} can be used again.`)
    },
    failed(error) {
      lasts = true
      failures += 1
      failedAt = performance.now()
      if (failedAt - warnedAt < WARNING_INTERVAL_MS) return
      warnedAt = failedAt
      logger.warn({ failures }, `${server} cannot be used: ${explain(error)}.`)
      failures = 0
    },
  }
}
