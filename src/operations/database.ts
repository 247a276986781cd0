import type { Config } from '../config.ts'
import { addressOf } from '../lib/connection-failure.ts'
import { openEmbeddedPostgres } from './postgres/embedded.ts'

/** The Postgres that this process uses. */
export interface OpenDatabase {
  readonly url: string
  /** Names it for people, without the password. */
  readonly description: string
  /** Ends the use of it. The last process that uses an embedded Postgres stops it. */
  close(): Promise<void>
}

/**
 * Opens the database that `DATABASE_URL` names, or else embedded Postgres.
 *
 * @param create whether to create a missing embedded database, instead of throwing an error
 */
export async function openDatabase(
  { databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>,
  log: (message: string) => void,
  create = true,
): Promise<OpenDatabase> {
  if (databaseUrl !== null) {
    return { url: databaseUrl, description: `Postgres at ${addressOf(databaseUrl)}`, close: async () => {} }
  }
  const embedded = await openEmbeddedPostgres({ dataDir, log, create }).catch((error: unknown) => {
    throw explainDisk(error, dataDir)
  })
  return {
    url: embedded.url,
    description: `embedded Postgres in ${embedded.dataDir}`,
    close: () => embedded.stop(),
  }
}

const DISK: Readonly<Record<string, string>> = {
  EROFS: 'the disk is read-only',
  EACCES: 'this account may not write there',
  EPERM: 'this account may not write there',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of it is a file',
  EEXIST: 'it is a file',
  EIO: 'the disk has an error',
}

function explainDisk(error: unknown, dataDir: string): unknown {
  for (let at = error; at instanceof Error; at = at.cause) {
    const why = DISK[(at as NodeJS.ErrnoException).code ?? '']
    if (why !== undefined)
      return new Error(
        `The database cannot be kept in ${dataDir}: ${why}. Set DATA_DIR to a writable directory, or set DATABASE_URL.`,
        { cause: error },
      )
  }
  return error
}
