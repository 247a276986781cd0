/**
 * Decides where embedded Postgres keeps its data, and as which account it runs.
 *
 * Postgres refuses to run as root. Started by root, it runs as the account that owns the cluster, or else as `postgres` or `nobody`.
 * If that account cannot enter the data directory (such as a checkout below a 0700 home), the data is below /var/lib/onhand, and a
 * note in the data directory says so. The permissions of the user's directories are never changed.
 */
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import {
  chmod,
  chown,
  lchown,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  stat,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Spread into the options of `spawn`. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

export interface Place {
  /** Absolute path without symbolic links. Contains the cluster, its password, log, lock and users. */
  readonly home: string
  /** Null: the account of this process. */
  readonly account: Account | null
}

/** For data that cannot be in the user's directory. It belongs to root; the cluster's account may only read it. */
export const SHARED_DIRECTORY = '/var/lib/onhand'

export const clusterOf = (home: string): string => join(home, 'postgres')

export const logFileOf = (home: string): string => join(home, 'postgres.log')

const NOTE = 'postgres-is-elsewhere.txt'

/**
 * Creates the directory, but not the cluster.
 *
 * @throws Error if the cluster belongs to another account, or if the directory was moved away from its cluster
 */
export async function findPlace(dataDir: string): Promise<Place> {
  await mkdir(dataDir, { recursive: true })
  const home = await realpath(dataDir)
  const owner = await ownerOf(clusterOf(home))
  const uid = process.getuid?.()
  if (uid === 0) return findPlaceForRoot(home, owner)
  if (owner !== null && uid !== undefined && owner.uid !== uid) {
    throw new Error(
      `The database in ${clusterOf(home)} belongs to the account with uid ${owner.uid}. Start Onhand as that ` +
        'account or as root, or choose another data directory.',
    )
  }
  return { home, account: null }
}

/** @returns the directories that can contain the cluster of a data directory; none if the data directory does not exist */
export async function homesOf(dataDir: string): Promise<string[]> {
  const home = await realpath(dataDir).catch(() => null)
  return home === null ? [] : [home, elsewhereOf(home)]
}

const elsewhereOf = (home: string): string =>
  join(SHARED_DIRECTORY, createHash('sha256').update(home).digest('hex').slice(0, 16))

async function findPlaceForRoot(home: string, owner: Account | null): Promise<Place> {
  if (owner !== null) return { home, account: await accountFor(home, owner) }
  const elsewhere = elsewhereOf(home)
  const ownerElsewhere = await ownerOf(clusterOf(elsewhere))
  const account = await accountFor(elsewhere, ownerElsewhere)
  const note = `The database of ${home} is in\n${elsewhere}\nbecause its account cannot enter this directory.\n`
  if (ownerElsewhere === null) {
    await rejectForeignNote(home, elsewhere, note)
    if (await canEnter(account, home)) return { home, account }
    await makeSharedDirectory(elsewhere)
  }
  // Replace the note atomically, because another process may be reading it.
  const draft = join(home, `${NOTE}.${randomUUID()}`)
  await writeFile(draft, note)
  await rename(draft, join(home, NOTE))
  return { home: elsewhere, account }
}

async function accountFor(home: string, owner: Account | null): Promise<Account> {
  if (owner !== null && owner.uid !== 0) return owner
  const account = await unprivilegedAccount()
  if (owner !== null) await giveAway(clusterOf(home), account)
  return account
}

/** Creates a directory below the shared one that every account can enter, whatever the umask. */
export async function makeSharedDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await chmod(SHARED_DIRECTORY, 0o755)
  await chmod(directory, 0o755)
}

/** A moved or copied directory still contains its note. It must not get an empty database in place of the old one. */
async function rejectForeignNote(home: string, elsewhere: string, note: string): Promise<void> {
  const path = join(home, NOTE)
  const found = await readFile(path, 'utf8').catch(() => note)
  if (found === note) return
  throw new Error(
    `${home} has been moved or copied. ${path} says where its database is. Move that directory to ` +
      `${elsewhere}, or delete the note to start with an empty database.`,
  )
}

async function unprivilegedAccount(): Promise<Account> {
  const passwd = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const [, , uid, gid] = passwd.find((fields) => fields[0] === name) ?? []
    if (uid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(
    'Postgres refuses to run as root, and /etc/passwd has neither postgres nor nobody. Start Onhand as ' +
      'another account, or set DATABASE_URL.',
  )
}

/** Tries to enter the directory, because with ACLs the mode is not sufficient. */
async function canEnter(account: Account, directory: string): Promise<boolean> {
  try {
    await promisify(execFile)('/bin/sh', ['-c', 'cd "$0"', directory], { ...account, cwd: '/' })
    return true
  } catch {
    return false
  }
}

async function ownerOf(path: string): Promise<Account | null> {
  try {
    const { uid, gid } = await stat(path)
    return { uid, gid }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function giveAway(directory: string, { uid, gid }: Account): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true })) {
    await lchown(join(directory, entry), uid, gid)
  }
  await chown(directory, uid, gid)
}
