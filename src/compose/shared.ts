import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { addressOf, describeConnectionFailure } from '../lib/connection-failure.ts'
import { isUnavailable } from '../lib/postgres-error.ts'
import { repeat } from '../lib/repeating.ts'
import { Instruments } from '../operations/metrics/instruments.ts'
import { registerProcess, registerUp } from '../operations/metrics/process.ts'
import { watchOutage } from '../operations/outage.ts'
import type { Outage } from '../operations/outage.ts'

export interface ComposeOptions {
  readonly config: Config
  /** A migrated database. */
  readonly databaseUrl: string
  readonly logger: Logger
  readonly now?: () => Date
  /** False: no query is answered but by Apollo itself, to compare. */
  readonly fastPath?: boolean
  /** How long a live group that everybody has left waits for somebody who comes back. */
  readonly groupLingerMs?: number
  /** How long a client may leave an answer unread while others need the room; a second if it is left out. */
  readonly unreadPatienceMs?: number
}

/** What all parts of a running Onhand have in common. */
export interface Shared {
  readonly options: ComposeOptions
  readonly config: Config
  readonly databaseUrl: string
  readonly logger: Logger
  readonly now: () => Date
  readonly instruments: Instruments
  /** The primary: whether it can be used. Told by all who use it. */
  readonly postgres: Outage
  readonly watchPostgres: (url: string) => Outage
  /** Logs an error that ends nothing. The monitors of connections log outages of Postgres. */
  readonly warn: (what: string) => (error: unknown) => void
  /** What is opened later is closed earlier. */
  readonly onClose: (release: Release) => void
  /** Runs a task now, and again each time so long after it ended, until the process closes. */
  readonly every: (pauseMs: number, task: () => Promise<unknown>, onError: (error: unknown) => void) => void
}

export type Release = () => unknown

export function share(options: ComposeOptions, releases: Release[]): Shared {
  const { config, databaseUrl, logger, now = () => new Date() } = options
  const watchPostgres = (url: string) =>
    watchOutage({ server: `Postgres at ${addressOf(url)}`, logger, explain: describeConnectionFailure })
  const postgres = watchPostgres(databaseUrl)
  const instruments = new Instruments()
  registerProcess(instruments)
  registerUp(instruments, 'Postgres', () => !postgres.lasts)
  const onClose = (release: Release) => void releases.push(release)
  return {
    options,
    config,
    databaseUrl,
    logger,
    now,
    instruments,
    postgres,
    watchPostgres,
    warn: (what) => (error) => {
      if (!isUnavailable(error)) logger.warn({ err: error }, what)
    },
    onClose,
    every(pauseMs, task, onError) {
      const repeating = repeat(task, pauseMs, onError)
      onClose(() => repeating.close())
    },
  }
}
