/** The files of the embedded Postgres: the cluster, made once, and the password beside it. */
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

/** The major version of the cluster there; null when there is none. */
export async function clusterVersion(home: string): Promise<number | null> {
  try {
    return Number(await readFile(join(clusterOf(home), 'PG_VERSION'), 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** @throws Error when the cluster needs programs of another major version */
export function checkVersion(home: string, cluster: number | null, binaries: number): void {
  if (cluster === binaries) return
  if (cluster === null) throw new Error(`The database in ${clusterOf(home)} is gone.`)
  throw new Error(
    `The database in ${clusterOf(home)} was made by Postgres ${cluster}, and this Onhand brings Postgres ` +
      `${binaries}. To keep the data, dump it with the Onhand that made it and restore it here; to begin with ` +
      'an empty database, remove that directory; or set DATABASE_URL to a Postgres of yours.',
  )
}

/** @returns base64url, fit for a URL as it is */
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

/** Removes what interrupted attempts to make a cluster have left. Only the holder of the home's lock may call this. */
export async function sweepDrafts(home: string): Promise<void> {
  const drafts = (await readdir(home)).filter((name) => name.startsWith(DRAFT))
  // What an orphaned initdb still writes to cannot be removed, and goes the next time.
  await Promise.all(
    drafts.map((name) => rm(join(home, name), { recursive: true, force: true }).catch(() => {})),
  )
}

/**
 * Makes the cluster. It is built under another name and renamed when complete, so one that was interrupted
 * leaves nothing but rubbish. Only the holder of the home's lock may call this.
 */
export async function initialise({ home, account }: Place, { initdb }: Binaries): Promise<void> {
  // Never the same name twice: the initdb of a process that was killed may still be writing to its own.
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
    // Text sorts by code point, the same on every machine and for ever.
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
    throw new Error(`Postgres could not make a database in ${home}.`, { cause: error })
  }
  await moveAside(clusterOf(home))
  await rename(draft, clusterOf(home))
  await makeNamesDurable(home)
}

/** A directory in our way that is no cluster is not ours to delete. */
async function moveAside(directory: string): Promise<void> {
  try {
    await rename(directory, `${directory}.not-a-cluster-${randomUUID()}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Without this a power failure could take back the renaming, and with it all that was stored since. */
async function makeNamesDurable(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
