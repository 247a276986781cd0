import { DrizzleQueryError, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isIntegrityViolation, isUnavailable } from '../../src/lib/postgres-error.ts'
import { ConnectionLost, openSession } from '../../src/lib/postgres.ts'
import type { Session } from '../../src/lib/postgres.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { freePort } from '../support/redis-server.ts'

let database: TestDatabase
let session: Session

beforeAll(async () => {
  database = await createTestDatabase()
  session = openSession({
    url: database.url,
    applicationName: 'errors',
    settings: { statement_timeout: '50ms' },
  })
})

afterAll(async () => {
  await session.close()
  await database.drop()
})

const failing = (statement: string) =>
  session.db
    .execute(sql.raw(statement))
    .execute()
    .then(
      () => null,
      (error: unknown) => error,
    )

describe('errors of statements', () => {
  const CASES = [
    { statement: `insert into stock.installation select id from stock.installation`, is: 'integrity' },
    { statement: `insert into stock.allocations values (0, 'o', 's', 0, 'b', 1)`, is: 'integrity' },
    { statement: `insert into stock.log_partitions values (null)`, is: 'integrity' },
    { statement: `select pg_sleep(10)`, is: 'unavailable' },
    { statement: `do $$ begin raise exception 'full' using errcode = '53300'; end $$`, is: 'unavailable' },
    {
      statement: `do $$ begin raise exception 'deadlock' using errcode = '40P01'; end $$`,
      is: 'unavailable',
    },
    { statement: `select pg_terminate_backend(pg_backend_pid())`, is: 'unavailable' },
    ...['28P01', '28000', '3D000', '25006', '25P04'].map((code) => ({
      statement: `do $$ begin raise exception 'no' using errcode = '${code}'; end $$`,
      is: 'unavailable',
    })),
    { statement: `select 1 / 0`, is: 'neither' },
    { statement: `select from nowhere`, is: 'neither' },
    { statement: `select 'x'::integer`, is: 'neither' },
  ]

  test.each(CASES)('$statement: $is', async ({ statement, is }) => {
    const error = await failing(statement)
    expect(error).toBeInstanceOf(Error)
    expect({ integrity: isIntegrityViolation(error), unavailable: isUnavailable(error) }).toEqual({
      integrity: is === 'integrity',
      unavailable: is === 'unavailable',
    })
  })
})

test('an unreachable server and a lost or closed connection are unavailable', async () => {
  const nowhere = openSession({
    url: `postgres://127.0.0.1:${await freePort()}/none`,
    applicationName: 'errors',
  })
  const unreachable = await nowhere.db.execute(sql`select 1`).then(
    () => null,
    (error: unknown) => error,
  )
  await nowhere.close()
  expect(isUnavailable(unreachable)).toBe(true)
  expect(isUnavailable(new ConnectionLost('gone'))).toBe(true)
  expect(isUnavailable(new DrizzleQueryError('select 1', [], new ConnectionLost('gone')))).toBe(true)
})

test.each(['EAI_AGAIN', 'ENOTFOUND', 'ECONNREFUSED', 'CONNECT_TIMEOUT', 'SASL_SIGNATURE_MISMATCH'])(
  '%s is unavailable',
  (code) => {
    expect(isUnavailable(Object.assign(new Error('no'), { code }))).toBe(true)
  },
)

test('a bug in our own code is not unavailable', () => {
  expect(isUnavailable(Object.assign(new Error('no'), { code: 'ERR_INVALID_ARG_TYPE' }))).toBe(false)
})

test.each([null, undefined, 'text', {}, new Error('plain'), { code: '23505' }])('%s is neither', (thrown) => {
  expect(isIntegrityViolation(thrown)).toBe(false)
  expect(isUnavailable(thrown)).toBe(false)
})
