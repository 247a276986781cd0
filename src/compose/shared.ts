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
  /** False: Apollo executes every query. Benches compare against this. */
  readonly fastPath?: boolean
  /** How long a live group without members is kept for a client that comes back. */
  readonly groupLingerMs?: number
  /** How long a client may leave an answer unread while others need the memory. Default: one second. */
  readonly unreadPatienceMs?: number
}

/** What all parts of a running Onhand share. */
export interface Shared {
  readonly options: ComposeOptions
  readonly config: Config
  readonly databaseUrl: string
  readonly logger: Logger
  readonly now: () => Date
  readonly instruments: Instruments
  /** Whether the primary is available. All connections to it report here. */
  readonly postgres: Outage
  readonly watchPostgres: (url: string) => Outage
  /** Logs an error that does not end the process. Outages of Postgres are skipped, because `watchPostgres` logs them. */
  readonly warn: (what: string) => (error: unknown) => void
  /** Registers a release. Releases run in reverse order. */
  readonly onClose: (release: Release) => void
  /** Runs a task now, and again `pauseMs` after each end, until Onhand closes. */
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
