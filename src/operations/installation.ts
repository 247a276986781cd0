import { randomBytes } from 'node:crypto'
import { eq } from 'drizzle-orm'
import type { Database } from '../lib/postgres.ts'
import { openPool } from '../lib/postgres.ts'
import { installation } from '../log/tables.ts'
import type { Epoch } from '../log/token.ts'
import { forCommands } from './connections.ts'

export interface Installation {
  readonly id: string
  readonly epoch: Epoch
}

/** Reads the identity and the epoch of the log in this database. */
export async function readInstallation(databaseUrl: string): Promise<Installation> {
  const pool = openPool(forCommands(databaseUrl), 1)
  try {
    return await read(pool.db)
  } finally {
    await pool.close()
  }
}

/**
 * Begins a new epoch, unless another process has done so already.
 *
 * @param db connected as the role that writes
 * @param from the epoch that ends
 * @returns the present epoch
 */
export async function renewEpoch(db: Database, from: Epoch): Promise<Epoch> {
  await db.update(installation).set({ epoch: newEpoch() }).where(eq(installation.epoch, from))
  return (await read(db)).epoch
}

async function read(db: Database): Promise<Installation> {
  const [row] = await db.select().from(installation)
  if (row === undefined) throw new Error('The database has not been migrated.')
  return { id: row.id, epoch: row.epoch as Epoch }
}

const newEpoch = (): Epoch => randomBytes(5).toString('hex') as Epoch
