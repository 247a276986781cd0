/** The effect of a lost connection on a transaction: before, during, between and after its statements. */
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CommitUnknown, openSession } from '../../src/lib/postgres.ts'
import type { Session } from '../../src/lib/postgres.ts'
import { holdLock, kill } from '../support/backends.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { openFlakyLink } from '../support/flaky-link.ts'
import type { CommitFate, FlakyLink } from '../support/flaky-link.ts'
import { createNotes, pidOf, readNotes, waitForLock, writeNote } from '../support/notes.ts'
import { until } from '../support/until.ts'

const LOCK = 1

let database: TestDatabase
let link: FlakyLink
let session: Session

beforeAll(async () => {
  database = await createTestDatabase()
  await createNotes(database)
})

afterAll(() => database.drop())

beforeEach(async () => {
  await database.sql`truncate notes`
  link = await openFlakyLink(database.url)
  session = openSession({ url: link.url, applicationName: 'session' })
})

afterEach(async () => {
  await session.close()
  await link.close()
})

const write = (note: string) => writeNote(session, note)

/** Checks that nothing has been written, that nothing is written late, and that the next transactions work. */
async function expectNothingWritten(): Promise<void> {
  const tries = { done: 0 }
  await until(
    () =>
      session
        .transaction(() => write('the next'))
        .then(() => (tries.done += 1))
        .catch(() => null),
    5000,
  )
  expect(await readNotes(database)).toEqual(['the next'])
}

describe.each<{ how: string; cut: (pid: number) => Promise<void> }>([
  { how: 'killed by Postgres', cut: (pid) => kill(database.sql, pid) },
  { how: 'cut', cut: async () => link.cut() },
])('when the connection is $how', ({ cut }) => {
  test('between transactions, the session continues on a new connection', async () => {
    const pid = await pidOf(session)
    await cut(pid)
    await expectNothingWritten()
    expect(await pidOf(session)).not.toBe(pid)
  })

  test('before the first statement, nothing is written', async () => {
    const pid = await pidOf(session)
    const lost = session.transaction(async () => {
      await cut(pid)
      await write('outside')
    })
    await expect(lost).rejects.toThrow()
    await expectNothingWritten()
  })

  test('between statements, nothing is written', async () => {
    const lost = session.transaction(async () => {
      await write('before')
      await cut(await pidOf(session))
      await write('after')
    })
    await expect(lost).rejects.toThrow()
    await expectNothingWritten()
  })

  test('during a statement, nothing is written', async () => {
    const lock = await holdLock(database.sql, LOCK)
    const lost = session.transaction(async () => {
      await write('before')
      await waitForLock(session, LOCK)
    })
    lost.catch(() => {})
    await cut(await lock.waitedFor())
    await expect(lost).rejects.toThrow()
    await lock.release()
    await expectNothingWritten()
  })

  test('during a statement, the statements queued behind it do not run on a new connection', async () => {
    const lock = await holdLock(database.sql, LOCK)
    const sent: Promise<unknown>[] = []
    const lost = session.transaction(async () => {
      await write('before')
      sent.push(waitForLock(session, LOCK), write('behind'), write('behind that'), write('last'))
      await Promise.all(sent)
    })
    lost.catch(() => {})
    await cut(await lock.waitedFor())
    await expect(lost).rejects.toThrow()
    await lock.release()
    const answers = await Promise.allSettled(sent)
    expect(answers.map(({ status }) => status)).toEqual(Array(4).fill('rejected'))
    await expectNothingWritten()
  })

  test('during a statement, statements sent after its failure do not run on a new connection', async () => {
    const lock = await holdLock(database.sql, LOCK)
    const lost = session.transaction(async () => {
      await write('before')
      await waitForLock(session, LOCK).catch(() => {})
      await write('after')
    })
    lost.catch(() => {})
    await cut(await lock.waitedFor())
    await expect(lost).rejects.toThrow()
    await lock.release()
    await expectNothingWritten()
  })

  test('a transaction that begins right after the failure settles soon, with its actual outcome', async () => {
    const lock = await holdLock(database.sql, LOCK)
    let answer: 'happened' | 'failed' | null = null
    const next = session
      .transaction(() => waitForLock(session, LOCK))
      .catch(() =>
        session
          .transaction(() => write('the next'))
          .then(
            () => (answer = 'happened'),
            () => (answer = 'failed'),
          ),
      )
    await cut(await lock.waitedFor())
    await lock.release()
    // An abandoned connection is closed by force after 5 s. Callers must not have to wait for that.
    await until(() => answer, 4500)
    await next
    expect(await readNotes(database)).toEqual(answer === 'happened' ? ['the next'] : [])
  })
})

describe('when the connection cannot be made', () => {
  test('a transaction fails as a whole, even if the next attempt would succeed', async () => {
    link.cutNextConnection()
    const works: Promise<unknown>[] = []
    const failing = session.transaction(async () => {
      const work = write('outside').then(() => write('outside, too'))
      works.push(work)
      await work
    })
    await expect(failing).rejects.toThrow()
    expect(await Promise.allSettled(works)).toMatchObject([{ status: 'rejected' }])
    await expectNothingWritten()
  })

  test('the session continues as soon as a connection can be made', async () => {
    await link.refuse()
    await expect(session.transaction(() => write('refused'))).rejects.toThrow()
    await expect(session.transaction(() => write('refused'))).rejects.toThrow()
    await link.listen()
    await expectNothingWritten()
  })
})

describe('when the connection is lost during COMMIT', () => {
  test.each<{ fate: CommitFate; written: string[] }>([
    { fate: 'lost before', written: [] },
    { fate: 'lost after', written: ['unknown'] },
  ])('the transaction throws CommitUnknown: $fate it reached Postgres', async ({ fate, written }) => {
    await pidOf(session)
    link.cutNextCommit(fate)
    await expect(session.transaction(() => write('unknown'))).rejects.toThrow(CommitUnknown)
    expect(await readNotes(database)).toEqual(written)
    await database.sql`truncate notes`
    await expectNothingWritten()
  })

  test('the transaction throws CommitUnknown if Postgres ends the connection', async () => {
    const lock = await holdLock(database.sql, LOCK)
    await database.sql`create function wait_for_lock() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(1); return null; end'`
    await database.sql`create constraint trigger slow_commit after insert on notes
      deferrable initially deferred for each row execute function wait_for_lock()`
    const unknown = session.transaction(() => write('unknown'))
    unknown.catch(() => {})
    await kill(database.sql, await lock.waitedFor())
    await expect(unknown).rejects.toThrow(CommitUnknown)
    await lock.release()
    await database.sql`drop trigger slow_commit on notes`
    await expectNothingWritten()
  })

  test('an error that answers COMMIT is not CommitUnknown', async () => {
    await database.sql`create table named (name text unique deferrable initially deferred)`
    const failing = session.transaction(async () => {
      await write('refused')
      await session.db.execute(sql`insert into named values ('a'), ('a')`)
    })
    expect(await failing.catch((error: unknown) => error)).not.toBeInstanceOf(CommitUnknown)
    await expectNothingWritten()
  })
})
