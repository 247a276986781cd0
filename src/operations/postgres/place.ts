/**
 * Where the embedded Postgres keeps its data, and as whom it runs.
 *
 * Postgres refuses to run as root. Started by root, it runs as the account that owns the cluster already, or
 * else as `postgres` or `nobody`. Where that account cannot enter the data directory (a checkout below a 0700
 * home), the data lies below /var/lib/onhand and a note in the data directory says so. Directories of the
 * user are never changed to let the account in.
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
  /** Absolute, without symbolic links. Holds the cluster and, beside it, its password, log, lock and users. */
  readonly home: string
  /** null: the account of this process. */
  readonly account: Account | null
}

/** For what root cannot leave with the user. Belongs to root; the cluster's account may only look. */
export const SHARED_DIRECTORY = '/var/lib/onhand'

export const clusterOf = (home: string): string => join(home, 'postgres')

export const logFileOf = (home: string): string => join(home, 'postgres.log')

const NOTE = 'postgres-is-elsewhere.txt'

/**
 * Creates the directory, not the cluster.
 *
 * @throws Error when the cluster belongs to another account, or lies where a directory of another name has left it
 */
export async function findPlace(dataDir: string): Promise<Place> {
  await mkdir(dataDir, { recursive: true })
  const home = await realpath(dataDir)
  const owner = await ownerOf(clusterOf(home))
  const uid = process.getuid?.()
  if (uid === 0) return findPlaceForRoot(home, owner)
  if (owner !== null && uid !== undefined && owner.uid !== uid) {
    throw new Error(
      `The database in ${clusterOf(home)} belongs to the account with uid ${owner.uid}: start Onhand as that ` +
        'account or as root, or choose another data directory.',
    )
  }
  return { home, account: null }
}

/** Where the cluster of a data directory can lie; nowhere if there is no such directory. */
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
  const note = `The database of ${home} lies in\n${elsewhere}\nbecause its account cannot enter this directory.\n`
  if (ownerElsewhere === null) {
    await refuseForeignNote(home, elsewhere, note)
    if (await canEnter(account, home)) return { home, account }
    await makeSharedDirectory(elsewhere)
  }
  // At once, because another process may be reading it.
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

/** Makes a directory below the shared one that every account can enter, whatever the umask. */
export async function makeSharedDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await chmod(SHARED_DIRECTORY, 0o755)
  await chmod(directory, 0o755)
}

/** A directory that was moved or copied brings its note along. An empty database must not pass for the old one. */
async function refuseForeignNote(home: string, elsewhere: string, note: string): Promise<void> {
  const path = join(home, NOTE)
  const found = await readFile(path, 'utf8').catch(() => note)
  if (found === note) return
  throw new Error(
    `${home} has been moved or copied. ${path} says where its database lies: move that directory to ` +
      `${elsewhere}, or delete the note to begin with an empty database.`,
  )
}

async function unprivilegedAccount(): Promise<Account> {
  const passwd = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const [, , uid, gid] = passwd.find((fields) => fields[0] === name) ?? []
    if (uid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(
    'Postgres refuses to run as root, and /etc/passwd has neither postgres nor nobody: start Onhand as ' +
      'another account, or set DATABASE_URL.',
  )
}

/** Asks by trying, because modes do not tell the whole truth where there are ACLs. */
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
