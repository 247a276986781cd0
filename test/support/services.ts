/**
 * Starts the services that the whole run shares: one embedded Postgres with a migrated template database, and a Redis if there is
 * one. Each test file creates its own database from the template.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { migrateDatabase } from '../../src/operations/migrate.ts'
import { openEmbeddedPostgres } from '../../src/operations/postgres/embedded.ts'
import { findRedis } from './redis-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A server on which tests may create databases. */
    postgresUrl: string
    /** A Redis for all tests; null if there is none. */
    redisUrl: string | null
  }
}

export const TEMPLATE_DATABASE = 'onhand_template'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'onhand-test-'))
  // If root starts Postgres, it runs as another account, which must be able to open this directory.
  await chmod(directory, 0o755)
  // TEST_DATABASE_URL runs all tests on another Postgres server, for example another version.
  const given = process.env['TEST_DATABASE_URL']
  const embedded = given === undefined ? await openEmbeddedPostgres({ dataDir: directory }) : null
  const postgresUrl = given ?? embedded?.url ?? ''
  await makeTemplate(postgresUrl)
  const redis = await findRedis()
  project.provide('postgresUrl', postgresUrl)
  project.provide('redisUrl', redis?.url ?? null)
  return async () => {
    await redis?.stop()
    await embedded?.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

async function makeTemplate(postgresUrl: string): Promise<void> {
  const admin = postgres(postgresUrl, { max: 1, onnotice: () => {} })
  await admin.unsafe(`drop database if exists ${TEMPLATE_DATABASE} with (force)`)
  await admin.unsafe(`create database ${TEMPLATE_DATABASE}`)
  await admin.end()
  const url = new URL(postgresUrl)
  url.pathname = `/${TEMPLATE_DATABASE}`
  await migrateDatabase(url.href, 1)
}
