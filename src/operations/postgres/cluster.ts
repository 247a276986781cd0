/** The files of embedded Postgres: the cluster, which is created once, and the password next to it. */
import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { chown, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { postgresEnvironment } from './binaries.ts'
import type { Binaries } from './binaries.ts'
import { clusterOf } from './place.ts'
import type { Place } from './place.ts'

/** The superuser, and the database that it owns. */
export const OWNER = 'onhand'

const INITDB_TIMEOUT_MS = 120_000
const DRAFT = 'postgres.new-'

const passwordFileOf = (home: string): string => join(home, 'postgres.password')

/** Reads the major version of the cluster; null if there is none. */
export async function clusterVersion(home: string): Promise<number | null> {
  try {
    return Number(await readFile(join(clusterOf(home), 'PG_VERSION'), 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** @throws Error if the cluster needs programs of another major version */
export function checkVersion(home: string, cluster: number | null, binaries: number): void {
  if (cluster === binaries) return
  if (cluster === null) throw new Error(`The database in ${clusterOf(home)} is gone.`)
  throw new Error(
    `The database in ${clusterOf(home)} was created by Postgres ${cluster}, but this release of Onhand includes Postgres ` +
      `${binaries}. To keep the data, dump it with the release that created it and restore it here; to begin with ` +
      'an empty database, remove that directory; or set DATABASE_URL to a Postgres server.',
  )
}

/** @returns base64url, which needs no escaping in a URL */
export async function readPassword(home: string): Promise<string> {
  const path = passwordFileOf(home)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Error(
      `The password of the database in ${clusterOf(home)} cannot be read from ${path}. Put the file back, or ` +
        'remove the database to begin with an empty one.',
      { cause: error },
    )
  }
}

/** Removes what interrupted attempts to create a cluster have left. Only the holder of the home's lock may call this. */
export async function sweepDrafts(home: string): Promise<void> {
  const drafts = (await readdir(home)).filter((name) => name.startsWith(DRAFT))
  // A draft that an orphaned initdb still writes to cannot be removed now; the next sweep removes it.
  await Promise.all(
    drafts.map((name) => rm(join(home, name), { recursive: true, force: true }).catch(() => {})),
  )
}

/**
 * Creates the cluster. It is built under another name and renamed when it is complete, so an interrupted attempt leaves only a draft.
 * Only the holder of the home's lock may call this.
 */
export async function initialise({ home, account }: Place, { initdb }: Binaries): Promise<void> {
  // Use a new name each time: the initdb of a killed process may still be writing to its draft.
  const draft = await mkdtemp(join(home, DRAFT))
  const passwordFile = passwordFileOf(home)
  await rm(passwordFile, { force: true })
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true })
  if (account !== null) {
    await chown(draft, account.uid, account.gid)
    await chown(passwordFile, account.uid, account.gid)
  }
  const options = [
    `--pgdata=${draft}`,
    `--username=${OWNER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Text sorts by code point, so the order is the same on every machine and in every release.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
  ]
  const settings = { ...account, cwd: home, env: postgresEnvironment(), timeout: INITDB_TIMEOUT_MS }
  try {
    await promisify(execFile)(initdb, options, settings)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw new Error(`Postgres could not create a database in ${home}.`, { cause: error })
  }
  await moveAside(clusterOf(home))
  await rename(draft, clusterOf(home))
  await makeNamesDurable(home)
}

/** Renames a directory of the same name that is not a cluster, because its content may be needed. */
async function moveAside(directory: string): Promise<void> {
  try {
    await rename(directory, `${directory}.not-a-cluster-${randomUUID()}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Without this, a power failure could undo the rename and lose everything that was stored since. */
async function makeNamesDurable(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
