/** Postgres is unavailable in each of the ways a network can fail: clients get an error soon, and the cause is logged once. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TestDatabase } from '../support/database.ts'
import { createTestDatabase } from '../support/database.ts'
import { openFlakyLink } from '../support/flaky-link.ts'
import type { FlakyLink } from '../support/flaky-link.ts'
import { createTestLog } from '../support/log.ts'
import type { TestLog } from '../support/log.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

const PARTITIONS = 3

let database: TestDatabase
let link: FlakyLink
let onhand: TestOnhand
let log: TestLog

beforeEach(async () => {
  database = await createTestDatabase(PARTITIONS)
  link = await openFlakyLink(database.url)
  log = createTestLog()
  onhand = await startTestOnhand({
    database,
    databaseUrl: link.url,
    config: { partitions: PARTITIONS },
    logger: log.logger,
  })
  await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 10 })
})

afterEach(async () => {
  await onhand.close()
  await link.close()
  await database.drop()
})

const OPERATIONS = {
  'a query': '{ products(first: 1) { nodes { sku } } }',
  'a command': 'mutation { allocate(input: { orderId: "o", sku: "lamp", quantity: 1 }) { token } }',
  'a command that names a batch':
    'mutation { changeBatchQuantity(input: { reference: "b", quantity: 9 }) { token } }',
}

async function codeOf(query: string): Promise<{ code: string; retryable: boolean } | null> {
  const response = await fetch(`${onhand.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const { errors } = (await response.json()) as { errors?: { extensions: any }[] }
  return errors === undefined ? null : errors[0]?.extensions
}

const ready = async () => (await fetch(`${onhand.url}/readyz`)).status

test.each<{ how: string; begin: () => unknown; end: () => unknown }>([
  { how: 'hangs up', begin: () => link.hangUp(), end: () => link.recover() },
  { how: 'refuses', begin: () => link.refuse(), end: () => link.listen() },
])('a server that $how', async ({ begin, end }) => {
  await begin()
  const before = link.accepted()
  const startedAt = performance.now()
  await until(async () => (await ready()) === 503)
  for (const [what, query] of Object.entries(OPERATIONS)) {
    const answer = await until(async () => {
      const found = await codeOf(query)
      // The outcome of a command in progress is unknown if the connection is lost.
      return found?.code === 'OUTCOME_UNKNOWN' ? null : found
    })
    expect([what, answer]).toEqual([
      what,
      expect.objectContaining({ code: 'SERVICE_UNAVAILABLE', retryable: true }),
    ])
  }
  // Projectors, polls and requests keep trying meanwhile.
  await until(() => performance.now() - startedAt > 4000)
  expect(link.accepted() - before).toBeLessThan(200)
  const address = new URL(link.url).host
  expect(log.warnings()).toEqual([
    expect.stringMatching(`^Postgres at ${address}/test_\\w+ cannot be used: .*\\.$`),
  ])
  expect(JSON.stringify(log.lines)).not.toContain(new URL(link.url).password)

  await end()
  await until(async () => (await ready()) === 200)
  for (const query of Object.values(OPERATIONS)) await until(async () => (await codeOf(query)) === null)
  await until(() =>
    log.lines.some(
      ({ msg }) =>
        msg === `Postgres at ${new URL(link.url).host}${new URL(link.url).pathname} can be used again.`,
    ),
  )
})

test('a server that stops answering: no request waits forever', async () => {
  link.goSilent()
  expect(await ready()).toBe(503)
  expect(await codeOf(OPERATIONS['a query'])).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  link.recover()
  await until(async () => (await ready()) === 200)
})

test('a demoted primary takes no commands, and connections move to the new one', async () => {
  await database.sql.unsafe(
    `alter database ${new URL(database.url).pathname.slice(1)} set default_transaction_read_only = on`,
  )
  link.cut()
  expect(
    await until(async () => {
      const found = await codeOf(OPERATIONS['a command'])
      return found?.code === 'OUTCOME_UNKNOWN' ? null : found
    }),
  ).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retryable: true })
  expect(log.warnings()[0]).toContain('cannot be used')
  await database.sql.unsafe(
    `alter database ${new URL(database.url).pathname.slice(1)} reset default_transaction_read_only`,
  )
  await until(async () => (await codeOf(OPERATIONS['a command'])) === null)
})
