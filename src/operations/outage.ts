import type { Logger } from 'pino'
import type { ConnectionMonitor } from '../lib/postgres.ts'

/** A server that this process relies on: whether it can be used. */
export interface Outage extends ConnectionMonitor {
  /** It cannot be used now, as far as anybody has tried. */
  readonly lasts: boolean
}

export interface OutageOptions {
  /** The server with its address, without the password. */
  readonly server: string
  readonly logger: Logger
  /** @returns the cause, and what to do about it if that can be said, as a clause */
  readonly explain: (error: unknown) => string
}

const WARNING_INTERVAL_MS = 60_000
/** Of several connections some may work and others not. The outage is over when none has failed for so long. */
const SETTLED_MS = 2000

/** Warns once, then at most once a minute, however often and for whatever reason the server fails; and says when it is back. */
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
