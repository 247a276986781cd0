/**
 * A Postgres of our own, from the programs that npm brings: for a machine where DATABASE_URL is not set.
 *
 * The server belongs to the data directory, not to a process. Whoever opens the directory takes over the
 * server that runs there or starts one; the last to leave stops it. Killed processes do not count, so a
 * server may have no user for a while, and the next one finds it. Opening, leaving and bringing back happen
 * one at a time, under a lock in the directory.
 *
 *     (no server) ── open ──▶ up ── postmaster dies ──▶ down ── every user tries to bring it back ──▶ up
 *                              └─ the last user leaves ──▶ (no server)
 *
 * Invariant: as long as a user lives, the server comes back on the port that the user was told.
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
   * Where the cluster really lies, in `postgres/`, beside its log and password. The directory that was asked
   * for without symbolic links, or one below /var/lib/onhand when root asked for one that only root can enter.
   */
  readonly dataDir: string
  /** false: a server that was already running was taken over. */
  readonly started: boolean
  /**
   * Leaves the server; the last process that uses it stops it (fast shutdown) and waits for its exit. Idempotent.
   *
   * @throws Error when the server takes more than a minute to shut down
   */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  readonly dataDir: string
  /** A database that is missing is made; if false, it is an error. */
  readonly create?: boolean
  readonly log?: (message: string) => void
}

type Log = (message: string) => void

/** Longer than making a cluster and starting it may take together. */
const LOCK_TIMEOUT_MS = 180_000

/**
 * @throws Error, fit to be shown to the user, when there are no programs for this machine, when the cluster
 *   is of another version or account, and when the server does not come up in 30 s
 */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {})
  const { dataDir, create = true } = options
  if (!create && !(await hasCluster(dataDir)))
    throw new Error(
      `There is no database in ${dataDir}. Set DATA_DIR to the directory that has it, or DATABASE_URL; ` +
        '`onhand start` makes a new one.',
    )
  const place = await findPlace(dataDir)
  return withLock(place, async () => {
    await sweepDrafts(place.home)
    if ((await clusterVersion(place.home)) === null) {
      log(`Making a new database in ${place.home}.`)
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
    log(`Postgres ${child === null ? 'was running already' : 'started'}: port ${port}, process ${pid}.`)
    const registration = await register(place.home, port)
    return new Membership(place, password, server, registration, log)
  })
}

/** Looks, and leaves no trace. */
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
    this.#supervision = supervise(server, () => this.#bringBack(), log, this.#leaving.signal)
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

  /** On the same port, because that is what others have been told. */
  async #bringBack(): Promise<Server> {
    const server = await withLock(this.#place, () =>
      bringUp({
        place: this.#place,
        password: this.#password,
        program: findProgram(this.#place),
        port: this.#port,
        signal: this.#leaving.signal,
      }),
    )
    if (server.port !== this.#port) throw new Error(`someone else has started it, on port ${server.port}.`)
    return server
  }
}
