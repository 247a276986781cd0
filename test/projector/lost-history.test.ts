/** Remembered events of a history that the log has lost never become rows. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSession } from '../../src/lib/postgres.ts'
import type { Session } from '../../src/lib/postgres.ts'
import type { LogTag } from '../../src/log/point.ts'
import { LogTail } from '../../src/log/tail.ts'
import { forProjector } from '../../src/operations/connections.ts'
import { availability } from '../../src/projection/availability.ts'
import { ensureCheckpoints } from '../../src/projector/checkpoint.ts'
import { createFold } from '../../src/projector/fold.ts'
import { Projector } from '../../src/projector/projector.ts'
import { createRows } from '../../src/projector/rows.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { allocate, createBatch } from '../support/stock.ts'
import { until } from '../support/until.ts'
import { openWriteSide } from '../support/write-side.ts'
import type { TestWriteSide } from '../support/write-side.ts'

let database: TestDatabase
let writer: TestWriteSide
let session: Session

beforeEach(async () => {
  database = await createTestDatabase()
  writer = openWriteSide(database.url)
  session = openSession(forProjector(database.url, 'availability'))
})

afterEach(async () => {
  await Promise.all([writer.close(), session.close()])
  await database.drop()
})

test('a step of remembered events fails if the log does not have them; after a reset, the log is read', async () => {
  await writer.send(createBatch('b', 'lamp', 10))
  await writer.send(allocate('o', 'lamp', 3))
  await ensureCheckpoints(session.db, ['availability'], 1)
  const tail = new LogTail(100)
  const [first, second] = writer.commits
  if (first === undefined || second === undefined) throw new Error('There must be two commits.')
  tail.add(first)
  const lost = 77n as LogTag
  tail.add({
    ...second,
    head: { ...second.head, tag: lost },
    events: second.events.map((event) => ({ ...event, tag: event.tag === null ? null : lost })),
  })
  const errors: unknown[] = []
  const projector = new Projector({
    consumer: createFold(availability, createRows(session.db, availability), 100),
    partitions: 1,
    session,
    tail,
    maxStepEvents: 1000,
    onChange: () => {},
    onStop: () => {},
    onError: (error) => errors.push(error),
  })
  projector.start()
  await until(() => errors.length > 0)
  expect(String(errors[0])).toContain('LostHistory')
  expect(await database.sql`select from views.availability`).toHaveLength(0)
  tail.reset()
  tail.advance(0, second.head)
  projector.reset()
  await until(
    async () => (await database.sql`select available from views.availability`)[0]?.['available'] === 7,
  )
  await projector.close()
})
