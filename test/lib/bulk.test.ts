import { asc, sql } from 'drizzle-orm'
import { date, integer, json, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { pack, packed, packedRows, prepareInsert } from '../../src/lib/bulk.ts'
import { id, instant, position } from '../../src/lib/column-types.ts'
import { openSession } from '../../src/lib/postgres.ts'
import type { Session } from '../../src/lib/postgres.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'

const samples = pgTable(
  'samples',
  {
    name: id('name').notNull(),
    part: integer('part').notNull(),
    note: text('note'),
    at: position('at').notNull(),
    day: date('day', { mode: 'string' }),
    moment: instant('moment').notNull(),
    stored: json('stored'),
    searchable: jsonb('searchable').notNull(),
  },
  (table) => [primaryKey({ columns: [table.name, table.part] })],
)
type Sample = typeof samples.$inferInsert

let database: TestDatabase
let session: Session

beforeAll(async () => {
  database = await createTestDatabase()
  await database.sql`create table samples (name text collate "C" not null, part integer not null, note text, at bigint not null,
    day date, moment timestamptz not null, stored json, searchable jsonb not null, primary key (name, part))`
  session = openSession({ url: database.url, applicationName: 'bulk', settings: { timezone: 'UTC' } })
})

afterAll(async () => {
  await session.close()
  await database.drop()
})

beforeEach(() => database.sql`truncate samples`)

/** Any text without control characters, including text that looks like syntax. */
const words = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
    fc.constantFrom(
      'NULL',
      '{}',
      '"',
      "'",
      '\\',
      '\\x1f',
      ',',
      '()',
      '{a,b}',
      '""',
      '\\"',
      '%s',
      '$1',
      '😀',
      ' ',
    ),
  )
  .map((value) => value.replaceAll(/\p{Cc}/gu, '·'))
/** JSON may contain control characters, because it escapes them. Only U+0000 is not allowed in jsonb. */
const jsonText = fc.oneof(
  words,
  fc.string({ unit: 'binary-ascii', maxLength: 8 }).map((value) => value.replaceAll('\0', '')),
)
const jsonValue = fc.oneof(
  fc.dictionary(words, fc.oneof(jsonText, fc.integer(), fc.constant(null), fc.boolean()), { maxKeys: 4 }),
  fc.array(jsonText, { maxLength: 4 }),
)

const sample: fc.Arbitrary<Sample> = fc.record({
  name: words,
  part: fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
  note: fc.option(words),
  at: fc.bigInt({ min: -9_223_372_036_854_775_808n, max: 9_223_372_036_854_775_807n }),
  day: fc.constantFrom(null, '0001-01-01', '2026-02-28', '9999-12-31'),
  moment: fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
  stored: fc.option(jsonValue),
  searchable: jsonValue,
})
const rows = fc.uniqueArray(sample, {
  selector: ({ name, part }) => `${name} ${part}`,
  minLength: 1,
  maxLength: 12,
})

const stored = () => session.db.select().from(samples).orderBy(asc(samples.name), asc(samples.part))
const sorted = (list: readonly Sample[]) =>
  list.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) || a.part - b.part)

describe('inserted rows', () => {
  test('are stored unchanged, whatever they contain', async () => {
    const insert = prepareInsert(session.db, samples)
    await fc.assert(
      fc
        .asyncProperty(rows, async (list) => {
          await insert(list)
          expect(await stored()).toEqual(sorted(list))
        })
        .afterEach(() => database.sql`truncate samples`),
    )
  })

  test('replace rows with the same key, and no others', async () => {
    const put = prepareInsert(session.db, samples, [samples.name, samples.part])
    await fc.assert(
      fc
        .asyncProperty(rows, rows, async (before, after) => {
          await put(before)
          await put(after)
          const kept = before.filter(
            ({ name, part }) => !after.some((row) => row.name === name && row.part === part),
          )
          expect(await stored()).toEqual(sorted([...kept, ...after]))
        })
        .afterEach(() => database.sql`truncate samples`),
    )
  })

  test('need no statement if there are none', async () => {
    await prepareInsert({ insert: () => session.db.insert(samples) } as never, samples)([])
    expect(await stored()).toEqual([])
  })

  test('are all rolled back if one of them violates a constraint', async () => {
    const insert = prepareInsert(session.db, samples)
    const row = { name: 'a', part: 1, at: 1n, moment: new Date(0), searchable: {} }
    await expect(insert([row, { ...row, part: 2 }, row])).rejects.toMatchObject({ cause: { code: '23505' } })
    expect(await stored()).toEqual([])
  })
})

describe('packed values', () => {
  const unpack = async (values: readonly (string | number | bigint | null)[]) => {
    const [row] = await session.db.execute<{ unpacked: string }>(
      sql`select to_json(string_to_array(${pack(values)}, e'\\x1f', e'\\x1e')) as unpacked`,
    )
    return row?.unpacked
  }

  test('become the same list in Postgres', async () => {
    const list = fc.array(fc.oneof(words, fc.integer(), fc.constant(null)), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(list, async (values) => {
        expect(await unpack(values)).toEqual(values.map((value) => (value === null ? null : String(value))))
      }),
    )
  })

  test('are one parameter of a prepared statement', async () => {
    const statement = session.db
      .select({ length: sql<number>`array_length(${packed('names')}, 1)` })
      .from(sql`(select 1) as one`)
      .prepare('length')
    expect(await statement.execute({ names: pack(['a', 'b', null]) })).toEqual([{ length: 3 }])
  })

  test('become rows side by side', async () => {
    const statement = session.db
      .select({ a: sql`a`, b: sql`b` })
      .from(sql`${packedRows('as', 'bs')} as pairs(a, b)`)
      .prepare('pairs')
    expect(await statement.execute({ as: pack(['1', '2']), bs: pack(['x', null]) })).toEqual([
      { a: '1', b: 'x' },
      { a: '2', b: null },
    ])
  })
})
