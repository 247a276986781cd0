import { openPool } from '../lib/postgres.ts'
import { installation } from '../log/tables.ts'
import { forCommands } from './connections.ts'

/** The id of the log in this database. */
export async function readInstallation(databaseUrl: string): Promise<string> {
  const pool = openPool(forCommands(databaseUrl), 1)
  try {
    const [row] = await pool.db.select().from(installation)
    if (row === undefined) throw new Error('The database has not been migrated.')
    return row.id
  } finally {
    await pool.close()
  }
}
