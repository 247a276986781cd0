import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ConnectionLost, openPool, openSession } from '../../src/lib/postgres.ts'
import type { Session } from '../../src/lib/postgres.ts'
import { connectionsOf, holdLock, kill } from '../support/backends.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { createNotes, pidOf, readNotes, waitForLock, writeNote } from '../support/notes.ts'
import { until } from '../support/until.ts'

const LOCK = 1

let database: TestDatabase
let session: Session

beforeAll(async () => {
  database = await createTestDatabase()
  await createNotes(database)
})

afterAll(() => database.drop())

beforeEach(async () => {
  await database.sql`truncate notes`
  session = openSession({ url: database.url, applicationName: 'session' })
})

afterEach(() => session.close())

const write = (note: string) => writeNote(session, note)
const fail = () => session.db.execute(sql`select 1 / 0`).execute()

describe('a transaction', () => {
  test('commits all of its statements together', async () => {
    const result = await session.transaction(async () => {
      await Promise.all([write('a'), write('b')])
      expect(await readNotes(database)).toEqual([])
      return 'done'
    })
    expect(result).toBe('done')
    expect(await readNotes(database)).toEqual(['a', 'b'])
  })

  test.each([
    ['its work throws', async () => await write('a').then(() => Promise.reject(new Error('no')))],
    ['a statement fails', async () => await write('a').then(fail)],
    ['one of several statements sent together fails', () => Promise.all([write('a'), fail(), write('b')])],
    ['its work ignores a failed statement', async () => await write('a').then(() => fail().catch(() => {}))],
    [
      'its work does not wait for a failing statement',
      async () => void (await Promise.race([write('a'), fail()])),
    ],
  ])('rolls back when %s', async (_, work) => {
    await expect(session.transaction<unknown>(work)).rejects.toThrow()
    await session.transaction(() => write('the next'))
    expect(await readNotes(database)).toEqual(['the next'])
  })

  test('whose work ignores a failed statement throws an error that says how it ended', async () => {
    const careless = session.transaction(() => fail().catch(() => {}))
    await expect(careless).rejects.toThrow('The transaction ended with ROLLBACK.')
  })

  test('cannot be nested', async () => {
    await session.transaction(async () => {
      await expect(session.transaction(() => write('inner'))).rejects.toThrow('already in a transaction')
      await write('outer')
    })
    expect(await readNotes(database)).toEqual(['outer'])
  })
})

describe('settings', () => {
  test('apply to every connection, including one that replaces a lost connection', async () => {
    const strict = openSession({
      url: database.url,
      applicationName: 'strict',
      settings: { statement_timeout: '1234ms', default_transaction_read_only: 'on' },
    })
    const settings = () =>
      strict.db.execute(sql`select current_setting('statement_timeout') as timeout,
        current_setting('default_transaction_read_only') as read_only, current_setting('application_name') as name`)
    const expected = [{ timeout: '1234ms', read_only: 'on', name: 'strict' }]
    expect(await settings()).toEqual(expected)
    await kill(database.sql, await pidOf(strict))
    expect(await until(() => settings().catch(() => null))).toEqual(expected)
    await strict.close()
  })
})

describe('close', () => {
  test('lets the running statement end, and rolls back its transaction', async () => {
    const lock = await holdLock(database.sql, LOCK)
    const cut = session.transaction(async () => {
      await write('cut')
      await waitForLock(session, LOCK)
      await write('never')
    })
    cut.catch(() => {})
    await lock.waitedFor()
    const closing = session.close()
    await lock.release()
    await closing
    await expect(cut).rejects.toThrow()
    expect(await readNotes(database)).toEqual([])
  })

  test('makes all later statements and transactions fail', async () => {
    await write('before')
    await session.close()
    await expect(write('after')).rejects.toMatchObject({ cause: expect.any(ConnectionLost) })
    await expect(session.transaction(() => write('after'))).rejects.toThrow(ConnectionLost)
    expect(await readNotes(database)).toEqual(['before'])
  })

  test('leaves no connection open, even after one was lost', async () => {
    const pool = openPool({ url: database.url, applicationName: 'closing pool' }, 3)
    const [pid] = await Promise.all([pidOf(pool), pidOf(pool), pidOf(pool)])
    await kill(database.sql, pid)
    await pidOf(pool).catch(() => {})
    await pool.close()
    await until(async () => (await connectionsOf(database.sql, 'closing pool')).length === 0)
  })
})

describe('a pool', () => {
  test('continues after all of its connections are killed', async () => {
    const pool = openPool({ url: database.url, applicationName: 'pool' }, 3)
    const pids = new Set(await Promise.all([pidOf(pool), pidOf(pool), pidOf(pool)]))
    expect(pids.size).toBe(3)
    for (const pid of pids) await kill(database.sql, pid)
    await until(() => pidOf(pool).catch(() => null))
    expect(new Set(await Promise.all([pidOf(pool), pidOf(pool), pidOf(pool)])).size).toBe(3)
    await pool.close()
  })

  test('settles all sent statements at once, with their actual outcome, when a connection is killed', async () => {
    const pool = openPool({ url: database.url, applicationName: 'pool' }, 2)
    await Promise.all([pidOf(pool), pidOf(pool)])
    const lock = await holdLock(database.sql, LOCK)
    const [doomed, blocked] = [waitForLock(pool, LOCK), waitForLock(pool, LOCK)]
    const others = Array.from({ length: 5 }, (_, note) => writeNote(pool, `note ${note}`))
    const answering = Promise.allSettled([doomed, blocked, ...others])
    let answers: PromiseSettledResult<unknown>[] = []
    void answering.then((settled) => (answers = settled))
    await until(async () => (await connectionsOf(database.sql, 'pool')).length === 2)
    await kill(database.sql, await lock.waitedFor())
    await lock.release()
    // An abandoned connection is closed by force after 5 s. Callers must not have to wait for that.
    await until(() => answers.length > 0, 4500)
    const written = answers.slice(2).filter(({ status }) => status === 'fulfilled')
    expect(await readNotes(database)).toHaveLength(written.length)
    await pool.close()
  })
})
