/** Writes events to the log on Postgres, and reads them back. */
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CommandId, LogPosition } from '../../src/domain/values.ts'
import { openSession } from '../../src/lib/postgres.ts'
import type { Session } from '../../src/lib/postgres.ts'
import { createLogWriter } from '../../src/log/append.ts'
import { UnknownEvent } from '../../src/log/codec.ts'
import type { LogPoint } from '../../src/log/point.ts'
import { createLogReader } from '../../src/log/read.ts'
import type { LoggedEvent } from '../../src/log/read.ts'
import { forCommands } from '../../src/operations/connections.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { anyEvent, logged, point, recorded } from '../support/events.ts'
import { until } from '../support/until.ts'

let database: TestDatabase
let session: Session

beforeAll(async () => {
  database = await createTestDatabase(2)
  session = openSession(forCommands(database.url))
})

afterAll(async () => {
  await session.close()
  await database.drop()
})

beforeEach(async () => {
  await database.sql`truncate stock.events`
})

const position = (at: number) => BigInt(at) as LogPosition
const backordered = (at: number) =>
  recorded(at, { type: 'LineBackordered', orderId: `o${at}`, sku: 'LAMP', quantity: 1 })
const numbered = (from: number, to: number) =>
  logged(Array.from({ length: to - from + 1 }, (_, at) => backordered(from + at)))

async function append(
  partition: number,
  events: readonly LoggedEvent[],
  on: Session = session,
): Promise<void> {
  const log = createLogWriter(on.db)
  await on.transaction(async () => {
    await log.lock(partition)
    await log.append(partition, events)
  })
}

test('all written events are read back unchanged', async () => {
  const log = createLogReader(session.db)
  let head = 0n
  const written: LoggedEvent[] = []
  for (const events of fc.sample(fc.array(anyEvent, { maxLength: 20 }), { numRuns: 30, seed: 7 })) {
    const batch = events.map((event) => {
      head += 1n
      const recordedAt = new Date(Date.UTC(2026, 0, 1, 0, 0, 0, Number(head) * 7))
      const commandId = `«${head}»` as CommandId
      return { position: head as LogPosition, recordedAt, commandId, event, tag: point(head).tag }
    })
    await append(0, batch)
    written.push(...batch)
  }
  expect(await log.read(0, position(0), 10_000)).toEqual(written)
  expect(await log.heads()).toEqual(
    new Map([
      [0, point(head)],
      [1, point(0)],
    ]),
  )
})

describe('pages', () => {
  test('follow each other without gaps or repetition, in each partition', async () => {
    await append(0, numbered(1, 23))
    await append(1, numbered(1, 5))
    const log = createLogReader(session.db)
    const read: bigint[] = []
    for (let page = await log.read(0, position(0), 5); page.length > 0;) {
      expect(page.length).toBeLessThanOrEqual(5)
      read.push(...page.map((event) => event.position))
      page = await log.read(0, page.at(-1)!.position, 5)
    }
    expect(read).toEqual(numbered(1, 23).map((event) => event.position))
    expect(await log.read(1, position(3), 10)).toEqual(numbered(4, 5))
    expect(await log.read(0, position(23), 10)).toEqual([])
  })

  test('contain an undecodable event as an unreadable entry, at its position', async () => {
    await append(0, numbered(1, 5))
    await database.sql`update stock.events set type = 'OfTheFuture' where partition = 0 and position = 3`
    const read = await createLogReader(session.db).read(0, position(0), 10)
    const unreadable = { position: position(3), tag: point(3).tag, unreadable: expect.any(UnknownEvent) }
    expect(read).toEqual([...numbered(1, 2), unreadable, ...numbered(4, 5)])
  })

  test('end where a commit ends, and contain a commit that is longer than a page as a whole', async () => {
    const commit = (from: number, to: number) =>
      numbered(from, to).map((event) => (event.position === position(to) ? event : { ...event, tag: null }))
    await append(0, [...commit(1, 3), ...commit(4, 30), ...commit(31, 32)])
    const log = createLogReader(session.db)
    const lengths = async (limit: number) => {
      const found: number[] = []
      for (let at = position(0); ;) {
        const page = await log.read(0, at, limit)
        const last = page.at(-1)
        if (last === undefined) return found
        expect(last.tag).not.toBeNull()
        found.push(page.length)
        at = last.position
      }
    }
    expect(await lengths(5)).toEqual([3, 29])
    expect(await lengths(29)).toEqual([3, 29])
    expect(await lengths(27)).toEqual([3, 27, 2])
  })
})

describe('the lock', () => {
  let other: Session

  beforeEach(() => {
    other = openSession({ ...forCommands(database.url), applicationName: 'other writer' })
  })

  afterEach(() => other.close())

  test('makes a second writer wait for the commit of the first, and then shows it the new head', async () => {
    const first = createLogWriter(session.db)
    const second = createLogWriter(other.db)
    const waiting: Promise<LogPoint>[] = []
    await session.transaction(async () => {
      expect(await first.lock(0)).toEqual({ ...point(0), recordedAt: null })
      waiting.push(other.transaction(() => second.lock(0)))
      await until(async () => {
        return (
          (
            await database.sql`select from pg_stat_activity
            where application_name = 'other writer' and datname = current_database() and wait_event_type = 'Lock'`
          ).length > 0
        )
      })
      await first.append(0, numbered(1, 2))
    })
    expect(await Promise.all(waiting)).toMatchObject([point(2)])
  })

  test('locks one partition only', async () => {
    const first = createLogWriter(session.db)
    await session.transaction(async () => {
      await first.lock(0)
      await append(1, numbered(1, 1), other)
    })
  })

  test('on a missing partition throws an error', async () => {
    await expect(session.transaction(() => createLogWriter(session.db).lock(2))).rejects.toThrow(
      'The log has no partition 2.',
    )
  })
})

test('a position cannot be written twice', async () => {
  await append(0, numbered(1, 2))
  await expect(append(0, numbered(2, 3))).rejects.toThrow()
  expect(await createLogReader(session.db).read(0, position(0), 10)).toEqual(numbered(1, 2))
})
