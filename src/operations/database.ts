import type { Config } from '../config.ts'
import { addressOf } from '../lib/connection-failure.ts'
import { openEmbeddedPostgres } from './postgres/embedded.ts'

/** The Postgres that this process works on. */
export interface OpenDatabase {
  readonly url: string
  /** For people: which it is, and where its data lies. Without the password. */
  readonly description: string
  /** Leaves it; an embedded one is stopped by the last to leave. */
  close(): Promise<void>
}

/**
 * The database that `DATABASE_URL` names, or else an embedded one.
 *
 * @param create whether an embedded one that is missing is made, or an error
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
  EIO: 'the disk fails',
}

function explainDisk(error: unknown, dataDir: string): unknown {
  for (let at = error; at instanceof Error; at = at.cause) {
    const why = DISK[(at as NodeJS.ErrnoException).code ?? '']
    if (why !== undefined)
      return new Error(
        `The database cannot be kept in ${dataDir}: ${why}. Set DATA_DIR to a directory that can be written, or DATABASE_URL.`,
        { cause: error },
      )
  }
  return error
}
