import { fileURLToPath } from 'node:url'
import { eq, isNull, sql } from 'drizzle-orm'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import { createClaims, homeOf } from '../command/claims.ts'
import { batchReferences, batches } from '../command/tables.ts'
import { groupBy } from '../lib/group-by.ts'
import { openSession } from '../lib/postgres.ts'
import type { Database } from '../lib/postgres.ts'
import { installation, logPartitions } from '../log/tables.ts'
import { projections } from '../projection/all.ts'
import { ensureCheckpoints } from '../projector/checkpoint.ts'
import { ensureReaderRole, grantReads, missingRoles, readerRole } from './reader-role.ts'

const MIGRATIONS = fileURLToPath(new URL('../../drizzle/migrations', import.meta.url))

/** An arbitrary number for the advisory lock. */
const MIGRATION_LOCK = 7_201_842

const OLDEST_POSTGRES = 15

/**
 * Migrates the database to the schema of this release and creates the rows that all parts rely on. It can be repeated, and run by
 * several processes at once.
 *
 * @param partitions number of partitions of the log; fixed once the log exists
 */
export async function migrateDatabase(url: string, partitions: number): Promise<void> {
  const session = openSession({ url, applicationName: 'onhand migrate' })
  const { db } = session
  try {
    await requireVersion(db)
    await db.execute(sql`select pg_advisory_lock(${MIGRATION_LOCK})`)
    const role = readerRole(url)
    await ensureReaderRole(db, role)
    await migrate(db, {
      migrationsFolder: MIGRATIONS,
      migrationsSchema: 'onhand',
      migrationsTable: 'migrations',
    })
    await grantReads(db, role)
    await fixPartitions(db, partitions)
    await db.execute(
      sql`insert into ${installation} select gen_random_uuid() where not exists (select from ${installation})`,
    )
    await claimReferences(db, partitions)
    await ensureCheckpoints(
      db,
      projections.map(({ name }) => name),
      partitions,
    )
  } finally {
    await session.close()
  }
}

/** @returns the statements that an administrator, or a database owner with the right to create roles, has to run */
export async function readMissingRoles(url: string): Promise<string[]> {
  const session = openSession({ url, applicationName: 'onhand migrate' })
  try {
    await requireVersion(session.db)
    return await missingRoles(session.db, readerRole(url))
  } finally {
    await session.close()
  }
}

async function requireVersion(db: Database): Promise<void> {
  const [row] = await db.execute<{ version: string }>(
    sql`select current_setting('server_version_num') as version`,
  )
  const major = Math.floor(Number(row?.version) / 10_000)
  if (major < OLDEST_POSTGRES) {
    throw new Error(
      `Onhand needs Postgres ${OLDEST_POSTGRES} or newer; the server at DATABASE_URL has version ${major}.`,
    )
  }
}

/** The number of partitions is fixed once the log exists, because it determines the partition of each product. */
async function fixPartitions(db: Database, partitions: number): Promise<void> {
  const existing = (await db.select().from(logPartitions)).length
  if (existing === 0) {
    await db
      .insert(logPartitions)
      .values(Array.from({ length: partitions }, (_, partition) => ({ partition })))
  } else if (existing !== partitions) {
    throw new Error(
      `The log has ${existing} partitions, but PARTITIONS is ${partitions}. Set PARTITIONS=${existing}.`,
    )
  }
}

/** Adds claims for batches of a release that had no claims. */
async function claimReferences(db: Database, partitions: number): Promise<void> {
  const unclaimed = await db
    .select({ reference: batches.reference, sku: batches.sku })
    .from(batches)
    .leftJoin(batchReferences, eq(batchReferences.reference, batches.reference))
    .where(isNull(batchReferences.reference))
  const claim = createClaims(db)
  for (const [home, claims] of groupBy(unclaimed, ({ reference }) => homeOf(reference, partitions)))
    for (let at = 0; at < claims.length; at += 10_000)
      await claim(home, claims.slice(at, at + 10_000), new Date())
}
