/**
 * Starts the server of a cluster. Only the holder of the home's lock may do so.
 *
 * The server is its own process group and writes only to its log file, so it outlives this process: a signal from the terminal does
 * not reach it, and after `kill -9` of Node the next process finds it running.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { open, readFile, rename, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { postgresEnvironment } from './binaries.ts'
import { clusterOf, logFileOf } from './place.ts'
import type { Place } from './place.ts'
import { clearMisleadingPidFile, findPostmaster, findServer } from './postmaster.ts'
import type { Postmaster } from './postmaster.ts'

/** A server that answers. */
export interface Server extends Postmaster {
  /** Null if the server was already running. */
  readonly child: ChildProcess | null
}

/** Passed on the command line, so that no file in the cluster can weaken the durability of commits. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  jit: 'off',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  log_destination: 'stderr',
  logging_collector: 'off',
}

const START_TIMEOUT_MS = 30_000
const POLL_MS = 10
const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 2_000
const MAX_LOG_BYTES = 10_000_000
const TAIL_LINES = 15

/**
 * Below the range of ports for outgoing connections. Otherwise an outgoing connection, even a client's attempt to reconnect, could
 * take the port of the server while it is down.
 */
const PORTS = { first: 20_000, count: 12_000 }
const MAX_PORT_TRIES = 100

/**
 * Temporary failures: the port was taken in the meantime; processes of a killed server still hold its memory; another server, whose
 * starter was killed, is starting.
 */
const TEMPORARY =
  /Address already in use|could not create any TCP\/IP sockets|still in use|postmaster\.pid" already exists/

export interface Start {
  readonly place: Place
  readonly password: string
  /** Returns the path of `postgres`. Called only if a server must be started. */
  readonly program: () => Promise<string>
  /** Null: any free port. */
  readonly port: number | null
  /** Ends the attempts, but not a server that is starting. */
  readonly signal?: AbortSignal
}

/**
 * Takes over the running server, or starts one.
 *
 * @throws Error with the end of the server's log if it does not start within 30 s
 */
export async function bringUp({ place, password, program, port, signal }: Start): Promise<Server> {
  const { home } = place
  const deadline = performance.now() + START_TIMEOUT_MS
  let child: ChildProcess | null = null
  for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(MAX_RETRY_MS, retryMs * 2)) {
    const running = await findServer(home, password, deadline)
    if (running !== null) return { ...running, child: running.pid === child?.pid ? child : null }
    await clearMisleadingPidFile(home)
    const logStart = await rotateLog(home)
    child = await launch(place, await program(), port ?? (await findFreePort()))
    if (await comesUp(child, home, deadline)) continue
    const output = (await readFile(logFileOf(home))).subarray(logStart).toString()
    const late = performance.now() > deadline
    if (late || !TEMPORARY.test(output)) {
      const what = late ? `did not start within ${START_TIMEOUT_MS / 1000} s` : 'stopped while starting'
      const tail = output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
      throw new Error(`Postgres ${what}. The end of its log, ${logFileOf(home)}:\n${tail}`)
    }
    await setTimeout(retryMs, undefined, { signal })
  }
}

async function launch({ home, account }: Place, program: string, port: number): Promise<ChildProcess> {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = await open(logFileOf(home), 'a', 0o600)
  try {
    const child = spawn(program, ['-D', clusterOf(home), '-p', String(port), ...settings], {
      ...account,
      cwd: home,
      env: postgresEnvironment(),
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    child.unref()
    return child
  } finally {
    await log.close()
  }
}

/** @returns false if it has exited, or if the deadline has passed */
async function comesUp(child: ChildProcess, home: string, deadline: number): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    const found = await findPostmaster(home)
    if (found?.pid === child.pid && found?.status === 'ready') return true
    await setTimeout(POLL_MS)
  }
  return false
}

/** @returns the offset in bytes at which the log of the next start begins */
async function rotateLog(home: string): Promise<number> {
  const path = logFileOf(home)
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  )
  if (size <= MAX_LOG_BYTES) return size
  await rename(path, `${path}.1`)
  return 0
}

async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < MAX_PORT_TRIES; tries++) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count)
    if (await isFree(port)) return port
  }
  throw new Error(`Found no free port of 127.0.0.1 in ${MAX_PORT_TRIES} tries.`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
