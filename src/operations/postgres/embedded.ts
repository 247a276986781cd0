/**
 * Embedded Postgres, from the programs of an npm package. It is used if DATABASE_URL is not set.
 *
 * The server belongs to the data directory, not to a process. A process that opens the directory takes over the server that runs
 * there or starts one; the last process to leave stops it. Killed processes do not count as users, so a server may have none for a
 * while, until the next process finds it. Opening, leaving and restarting happen one at a time, under a lock in the directory.
 *
 *     (no server) ── open ──▶ up ── postmaster dies ──▶ down ── every user tries to restart it ──▶ up
 *                              └─ the last user leaves ──▶ (no server)
 *
 * Invariant: as long as a user lives, the server restarts on the port that the user has.
 */
import { join } from 'node:path'
import { withFileLock } from './file-lock.ts'
import { findPackage, prepareBinaries } from './binaries.ts'
import { checkVersion, clusterVersion, initialise, readPassword, sweepDrafts } from './cluster.ts'
import { findPlace, homesOf } from './place.ts'
import type { Place } from './place.ts'
import { bringUp } from './start.ts'
import type { Server } from './start.ts'
import { supervise } from './supervisor.ts'
import { portInUse, register, unregister } from './users.ts'
import type { Registration } from './users.ts'
import { findPostmaster, stopPostmaster, urlOf } from './postmaster.ts'

export interface EmbeddedPostgres {
  /** Connection string of the database's owner, a superuser. Loopback only. Stays valid until `stop()`. */
  readonly url: string
  /**
   * The directory that contains the cluster, in `postgres/`, its log and its password. It is the requested directory without
   * symbolic links, or one below /var/lib/onhand if root requested a directory that only root can enter.
   */
  readonly dataDir: string
  /** Whether this process started the server; false if it took over a running one. */
  readonly started: boolean
  /**
   * Leaves the server; the last process that uses it stops it (fast shutdown) and waits for its exit. Idempotent.
   *
   * @throws Error if the server takes more than a minute to shut down
   */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  readonly dataDir: string
  /** Whether to create a missing database (the default), instead of throwing an error. */
  readonly create?: boolean
  readonly log?: (message: string) => void
}

type Log = (message: string) => void

/** Longer than the creation and the start of a cluster may take together. */
const LOCK_TIMEOUT_MS = 180_000

/**
 * @throws Error with a message for the user if there are no programs for this machine, if the cluster has another version or
 *   account, or if the server does not start within 30 s
 */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {})
  const { dataDir, create = true } = options
  if (!create && !(await hasCluster(dataDir)))
    throw new Error(
      `There is no database in ${dataDir}. Set DATA_DIR to the directory of the database, or set DATABASE_URL. ` +
        '`onhand start` creates a new database.',
    )
  const place = await findPlace(dataDir)
  return withLock(place, async () => {
    await sweepDrafts(place.home)
    if ((await clusterVersion(place.home)) === null) {
      log(`Creating a new database in ${place.home}.`)
      await initialise(place, await prepareBinaries(findPackage(), place))
    }
    const password = await readPassword(place.home)
    const server = await bringUp({
      place,
      password,
      program: findProgram(place),
      port: await portInUse(place.home),
    })
    const { port, pid, child } = server
    log(`Postgres ${child === null ? 'was already running' : 'started'}: port ${port}, process ${pid}.`)
    const registration = await register(place.home, port)
    return new Membership(place, password, server, registration, log)
  })
}

/** Checks for a cluster without creating anything. */
async function hasCluster(dataDir: string): Promise<boolean> {
  for (const home of await homesOf(dataDir)) if ((await clusterVersion(home)) !== null) return true
  return false
}

const withLock = <T>({ home }: Place, work: () => Promise<T>): Promise<T> =>
  withFileLock(join(home, 'postgres.lock'), LOCK_TIMEOUT_MS, work)

const findProgram = (place: Place) => async (): Promise<string> => {
  const binaries = await prepareBinaries(findPackage(), place)
  checkVersion(place.home, await clusterVersion(place.home), binaries.major)
  return binaries.postgres
}

class Membership implements EmbeddedPostgres {
  readonly url: string
  readonly dataDir: string
  readonly started: boolean
  readonly #place: Place
  readonly #password: string
  readonly #port: number
  readonly #registration: Registration
  readonly #log: Log
  readonly #leaving = new AbortController()
  readonly #supervision: Promise<void>
  #stopped: Promise<void> | null = null

  constructor(place: Place, password: string, server: Server, registration: Registration, log: Log) {
    this.#place = place
    this.#password = password
    this.#port = server.port
    this.#registration = registration
    this.#log = log
    this.url = urlOf(server.port, password)
    this.dataDir = place.home
    this.started = server.child !== null
    this.#supervision = supervise(server, () => this.#restart(), log, this.#leaving.signal)
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#leave())
  }

  async #leave(): Promise<void> {
    this.#leaving.abort()
    await this.#supervision
    const { home } = this.#place
    await withLock(this.#place, async () => {
      await unregister(home, this.#registration)
      const postmaster = await findPostmaster(home)
      if (postmaster === null || (await portInUse(home)) !== null) return
      this.#log('Stopping Postgres.')
      await stopPostmaster(postmaster)
    })
  }

  /** Restarts the server on the same port, because others are connected to that port. */
  async #restart(): Promise<Server> {
    const server = await withLock(this.#place, () =>
      bringUp({
        place: this.#place,
        password: this.#password,
        program: findProgram(this.#place),
        port: this.#port,
        signal: this.#leaving.signal,
      }),
    )
    if (server.port !== this.#port) throw new Error(`another process has started it on port ${server.port}.`)
    return server
  }
}
