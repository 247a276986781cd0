/** Real processes and directories for the tests of embedded Postgres. `cleanUp()` removes all of them. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, realpath, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { openEmbeddedPostgres } from '../../../src/operations/postgres/embedded.ts'
import type { EmbeddedPostgres } from '../../../src/operations/postgres/embedded.ts'
import { SHARED_DIRECTORY } from '../../../src/operations/postgres/place.ts'
import type { Account } from '../../../src/operations/postgres/place.ts'
import { findPostmaster } from '../../../src/operations/postgres/postmaster.ts'
import { isRunning } from '../../../src/operations/postgres/process-identity.ts'

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url))
export const isRoot = process.getuid?.() === 0
export const NOBODY = { uid: 65_534, gid: 65_534 }

/** Whether an unprivileged account has access to Node and this checkout. */
export const nobodyCanRunTests =
  isRoot && spawnSync(process.execPath, ['-e', ''], { ...NOBODY, cwd: REPOSITORY }).status === 0

const USER_SCRIPT = fileURLToPath(new URL('user.ts', import.meta.url))

const handles = new Set<EmbeddedPostgres>()
const children = new Set<ChildProcess>()
const homes = new Set<string>()
const directories = new Set<string>()

/** Creates a directory that every account can enter. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'onhand-postgres-')))
  directories.add(directory)
  await chmod(directory, 0o755)
  return directory
}

/** Registers a directory for removal. */
export const alsoRemove = (path: string): Set<string> => directories.add(path)

export async function open(dataDir: string): Promise<EmbeddedPostgres> {
  const embedded = await openEmbeddedPostgres({ dataDir })
  handles.add(embedded)
  homes.add(embedded.dataDir)
  if (embedded.dataDir.startsWith(SHARED_DIRECTORY)) directories.add(embedded.dataDir)
  return embedded
}

export interface User extends Pick<EmbeddedPostgres, 'url' | 'dataDir' | 'started'> {
  readonly process: ChildProcess
  /** Resolves when it has left and exited. */
  leave(): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** Starts another process, in its own process group, that opens the directory. */
export async function spawnUser(dataDir: string, account: Account | null = null): Promise<User> {
  const child = startUser(dataDir, account)
  const line = await Promise.race([
    once(createInterface(child.stdout!), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('The user process exited without a word.'))),
  ])
  const opened = JSON.parse(String(line[0])) as Pick<EmbeddedPostgres, 'url' | 'dataDir' | 'started'>
  homes.add(opened.dataDir)
  return {
    ...opened,
    process: child,
    leave: async () => {
      child.stdin!.end()
      await exited(child)
    },
    kill: async (signal = 'SIGKILL') => {
      // Signal the whole group, as a terminal does.
      process.kill(-child.pid!, signal)
      await exited(child)
    },
  }
}

export function startUser(dataDir: string, account: Account | null = null): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', USER_SCRIPT, dataDir], {
    ...account,
    cwd: REPOSITORY,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.add(child)
  return child
}

/** Runs a program in the repository as its own process, and waits for its exit. */
export function runScript(script: string, parameters: string[], account: Account | null = null) {
  const options = ['--import', 'tsx', '--input-type=module', '-e', script, ...parameters]
  return spawnSync(process.execPath, options, {
    ...account,
    cwd: REPOSITORY,
    encoding: 'utf8',
    timeout: 120_000,
  })
}

export async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

export async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, fetch_types: false, connect_timeout: 5, onnotice: () => {} })
  try {
    return await sql.unsafe(statement)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** Waits until the condition returns a value other than null and does not throw. */
export async function eventually<T>(condition: () => Promise<T | null>, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const result = await condition().catch((error: Error) => {
      if (performance.now() > deadline) throw error
      return null
    })
    if (result !== null) return result
    if (performance.now() > deadline) throw new Error(`The condition did not come true in ${withinMs} ms.`)
    await setTimeout(10)
  }
}

/** Returns the process that serves the home. */
export async function postmasterOf(home: string): Promise<{ pid: number; identity: string }> {
  const found = await findPostmaster(home)
  if (found === null) throw new Error(`No server runs in ${home}.`)
  return found
}

export const isServed = async (home: string): Promise<boolean> => (await findPostmaster(home)) !== null

/** Ends all users and servers. */
export async function leaveAll(): Promise<void> {
  await Promise.all([...handles].map((embedded) => embedded.stop()))
  handles.clear()
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited(child)
  }
  children.clear()
  for (const home of homes) {
    const found = await findPostmaster(home)
    if (found === null) continue
    process.kill(found.pid, 'SIGQUIT')
    await eventually(async () => ((await isRunning(found.identity)) ? null : true))
  }
}

export async function cleanUp(): Promise<void> {
  await leaveAll()
  for (const directory of directories) await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  // Removes the directory only if it is empty.
  await rmdir(SHARED_DIRECTORY).catch(() => {})
}
