/** Reads of single rows, which share statements. */
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { availability } from '../../src/projection/availability.ts'
import { createPointReads } from '../../src/projection/point-reads.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'

let database: TestDatabase
let client: postgres.Sql

beforeEach(async () => {
  database = await createTestDatabase()
  client = postgres(database.url, { max: 1 })
})

afterEach(async () => {
  await client.end()
  await database.drop()
})

test('15 products that are asked for in one turn of the event loop cost one statement', async () => {
  const statements: string[] = []
  const db = drizzle(client, { logger: { logQuery: (text) => statements.push(text) } })
  const { one } = createPointReads(db, availability, 3)
  const rows = await Promise.all(Array.from({ length: 15 }, (_, at) => one(`sku-${at}`)))
  expect(rows).toEqual(Array.from({ length: 15 }, () => []))
  expect(statements).toHaveLength(1)
})
