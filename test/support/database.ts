import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { migrateDatabase } from '../../src/operations/migrate.ts'
import { readerRole } from '../../src/operations/reader-role.ts'
import { TEMPLATE_DATABASE } from './services.ts'

export interface TestDatabase {
  readonly url: string
  /** A connection as the database's owner, for statements that the product does not make. */
  readonly sql: postgres.Sql
  readonly drop: () => Promise<void>
}

/** Creates an empty, migrated database for one test. */
export async function createTestDatabase(partitions = 1): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const admin = postgres(inject('postgresUrl'), { max: 1, onnotice: () => {} })
  // Only one connection at a time may copy a template, so the others wait.
  await admin`select pg_advisory_lock(1)`
  await admin.unsafe(`create database ${name} template ${TEMPLATE_DATABASE}`)
  await admin`select pg_advisory_unlock(1)`
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${name}`
  const sql = postgres(url.href, { max: 2, onnotice: () => {} })
  // The template has one partition and its own installation id, so replace these rows.
  await sql`truncate stock.log_partitions, stock.installation, views.checkpoints, views.checkpoint_positions`
  await migrateDatabase(url.href, partitions)
  return {
    url: url.href,
    sql,
    async drop() {
      await sql.end({ timeout: 1 })
      await admin.unsafe(`drop database if exists ${name} with (force)`)
      await admin.unsafe(`drop role if exists ${readerRole(url.href)}`)
      await admin.end()
    },
  }
}
