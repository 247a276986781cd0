/**
 * The running server of a cluster. Postgres writes its process id, its port and whether it is ready to `postmaster.pid`.
 */
import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { findPackage } from './binaries.ts'
import { OWNER } from './cluster.ts'
import { clusterOf, logFileOf } from './place.ts'
import { findProcess, isRunning, pidIsTaken } from './process-identity.ts'

export interface Postmaster {
  readonly pid: number
  readonly identity: string
  readonly port: number
  /** `ready`, `starting` or `stopping`; empty while the file is being written. */
  readonly status: string
}

/** The shutdown writes everything that is still in memory, up to `max_wal_size`. */
const STOP_TIMEOUT_MS = 60_000
const POLL_MS = 10
const CONNECT_TIMEOUT_S = 5
const NOT_YET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'CONNECTION_CLOSED',
  'CONNECT_TIMEOUT',
  '57P03',
  '57P01',
])
const UNKNOWN_DATABASE = '3D000'

/** Matches the path of a program called postgres, but not the process titles of its children. */
const POSTGRES_COMMAND = /(^|[/\\])postgres(\.exe)?"?( |$)/

const pidFileOf = (home: string): string => join(clusterOf(home), 'postmaster.pid')

export const urlOf = (port: number, password: string, database: string = OWNER): string =>
  `postgres://${OWNER}:${password}@127.0.0.1:${port}/${database}`

export async function findPostmaster(home: string): Promise<Postmaster | null> {
  const text = await readFile(pidFileOf(home), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const [firstLine, , , port, , , , status] = text.split('\n')
  const pid = Number(firstLine)
  if (!(pid > 0)) return null
  const found = await findProcess(pid)
  if (found === null || !(found.command === '' || POSTGRES_COMMAND.test(found.command))) return null
  return { pid, identity: found.identity, port: Number(port), status: status?.trim() ?? '' }
}

/**
 * Returns the running server as soon as it answers; null if none runs. Waits while a server starts or stops.
 *
 * @param deadline on the clock of `performance.now()`
 * @throws Error if the deadline has passed, or if the server does not accept the password
 */
export async function findServer(
  home: string,
  password: string,
  deadline: number,
): Promise<Postmaster | null> {
  for (;;) {
    const found = await findPostmaster(home)
    if (found === null) return null
    if (found.status === 'ready' && (await answers(found, password))) return found
    if (performance.now() > deadline) {
      throw new Error(
        `Postgres, process ${found.pid}, does not answer; its status is "${found.status}". Its log is ${logFileOf(home)}.`,
      )
    }
    await setTimeout(POLL_MS)
  }
}

/** Also creates the database if an interrupted start did not. */
async function answers({ port }: Postmaster, password: string): Promise<boolean> {
  try {
    try {
      await runStatement(urlOf(port, password), 'select 1')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== UNKNOWN_DATABASE) throw error
      await runStatement(urlOf(port, password, 'postgres'), `create database ${OWNER}`)
    }
    return true
  } catch (error) {
    if (NOT_YET.has((error as NodeJS.ErrnoException).code ?? '')) return false
    throw new Error(
      `The server on port ${port} does not accept the connection: ${(error as Error).message}`,
      {
        cause: error,
      },
    )
  }
}

async function runStatement(url: string, statement: string): Promise<void> {
  const sql = postgres(url, {
    max: 1,
    fetch_types: false,
    connect_timeout: CONNECT_TIMEOUT_S,
    onnotice: () => {},
  })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end({ timeout: CONNECT_TIMEOUT_S })
  }
}

/**
 * Removes a pid file that would make Postgres assume that it is already running: with a pid that now belongs to another program or
 * a zombie, or a file that a power failure left empty. Postgres itself handles a dead pid, and always checks for the shared memory
 * of another server of this cluster, so two servers can never run.
 */
export async function clearMisleadingPidFile(home: string): Promise<void> {
  const path = pidFileOf(home)
  const pid = Number.parseInt(await readFile(path, 'utf8').catch(() => '0'), 10)
  if (pid === 0 || (pid > 0 && !pidIsTaken(pid))) return
  if ((await findPostmaster(home)) === null) await rm(path, { force: true })
}

/**
 * Shuts down fast: Postgres closes connections, rolls back transactions and writes everything to disk.
 *
 * @throws Error if it takes more than a minute; the shutdown continues
 */
export async function stopPostmaster({ pid, identity }: Postmaster): Promise<void> {
  await interrupt(pid)
  const deadline = performance.now() + STOP_TIMEOUT_MS
  while (await isRunning(identity)) {
    if (performance.now() > deadline)
      throw new Error(`Postgres, process ${pid}, has not shut down within a minute.`)
    await setTimeout(POLL_MS)
  }
}

async function interrupt(pid: number): Promise<void> {
  if (process.platform === 'win32') {
    // On Windows, a signal from Node would end the process without a shutdown.
    await promisify(execFile)(join(findPackage(), 'native', 'bin', 'pg_ctl.exe'), [
      'kill',
      'INT',
      String(pid),
    ])
    return
  }
  try {
    process.kill(pid, 'SIGINT')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
