import type { Config } from '../config.ts'
import { openEmbeddedPostgres } from './postgres/embedded.ts'

/** The Postgres that this process works on. */
export interface OpenDatabase {
  readonly url: string
  /** For people: which it is, and where its data lies. Without the password. */
  readonly description: string
  /** Leaves it; an embedded one is stopped by the last to leave. */
  close(): Promise<void>
}

/** The database that `DATABASE_URL` names, or else an embedded one. */
export async function openDatabase(
  { databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>,
  log: (message: string) => void,
): Promise<OpenDatabase> {
  if (databaseUrl !== null) {
    const { host, pathname } = new URL(databaseUrl)
    return { url: databaseUrl, description: `Postgres at ${host}${pathname}`, close: async () => {} }
  }
  const embedded = await openEmbeddedPostgres({ dataDir, log })
  return {
    url: embedded.url,
    description: `embedded Postgres in ${embedded.dataDir}`,
    close: () => embedded.stop(),
  }
}
