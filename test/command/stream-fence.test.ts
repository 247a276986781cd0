/** Entries of other systems' streams are applied once and in order, even if only the stream position is left. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENTRY_ORIGIN, before, isAfter, parseEntryId } from '../../src/command/entry-id.ts'
import { AnsweredBefore, StreamRewound } from '../../src/command/faults.ts'
import type { Command } from '../../src/domain/commands.ts'
import { partitionOf } from '../../src/log/partition.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { changeBatchQuantity, createBatch } from '../support/stock.ts'
import { openWriteSide, request } from '../support/write-side.ts'
import type { TestWriteSide } from '../support/write-side.ts'

const STREAM = 'changes'
const PARTITIONS = 3

describe('the id of an entry', () => {
  const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const anyId = fc.tuple(unsigned, unsigned).map(([time, sequence]) => parseEntryId(`${time}-${sequence}`))

  test('is compared by its numbers, not as text', () => {
    expect(isAfter(parseEntryId('10-0'), parseEntryId('9-0'))).toBe(true)
    expect(isAfter(parseEntryId('5-10'), parseEntryId('5-9'))).toBe(true)
    expect(isAfter(parseEntryId('5-9'), parseEntryId('5-9'))).toBe(false)
  })

  test('directly follows the id that `before` returns', () => {
    fc.assert(
      fc.property(anyId, anyId, (id, other) => {
        if (id === ENTRY_ORIGIN) return
        expect(isAfter(id, before(id))).toBe(true)
        expect(isAfter(other, before(id))).toBe(!isAfter(id, other))
      }),
    )
  })

  test('is invalid if Redis would not write it', () => {
    for (const text of ['', '1', '1-', '-1', '1-2-3', 'a-b', '*'])
      expect(() => parseEntryId(text)).toThrow('id')
  })
})

describe.each([1, PARTITIONS])('with %i partitions', (partitions) => {
  let database: TestDatabase
  let writeSide: TestWriteSide

  const send = (id: string, command: Command, after = '0-0') =>
    writeSide.dispatcher.dispatch({
      ...request(command, id),
      source: { stream: STREAM, entryId: parseEntryId(id), after: parseEntryId(after) },
    })
  const quantityOf = async (reference: string) =>
    (await database.sql`select quantity from stock.batches where reference = ${reference}`)[0]?.['quantity']
  const deleteReceipts = () => database.sql`delete from stock.receipts`
  const position = () => writeSide.streams.read(STREAM)

  beforeAll(async () => {
    database = await createTestDatabase(partitions)
    writeSide = openWriteSide(database.url, { partitions })
    for (const sku of ['LAMP', 'CHAIR', 'TABLE']) await writeSide.send(createBatch(`${sku}-1`, sku, 100))
  })

  afterAll(async () => {
    await writeSide.close()
    await database.drop()
  })

  test('an old entry is not applied after a newer one, even if its receipt has expired', async () => {
    expect(await position()).toBe(null)
    await send('9-0', changeBatchQuantity('LAMP-1', 50))
    await send('10-0', changeBatchQuantity('LAMP-1', 30))
    expect(await position()).toBe('10-0')
    await deleteReceipts()
    const late = send('9-0', changeBatchQuantity('LAMP-1', 50))
    await expect(late).rejects.toThrow(AnsweredBefore)
    await expect(late).rejects.toThrow(
      'Entry 9-0 of changes is not newer than 10-0, which has been answered.',
    )
    expect(await quantityOf('LAMP-1')).toBe(30)
    expect(await position()).toBe('10-0')
  })

  test('a repeated entry gets its answer again while its receipt exists', async () => {
    const command = changeBatchQuantity('CHAIR-1', 20)
    const first = await send('11-0', command)
    expect(await send('11-0', command)).toEqual({ ...first, replayed: true })
  })

  test('a rejected entry also moves the position', async () => {
    const command = changeBatchQuantity('later', 5)
    expect(await send('12-0', command)).toMatchObject({ status: 'rejected' })
    expect(await position()).toBe('12-0')
  })

  test('an entry that was rejected because its batch did not exist is not applied later, in any partition', async () => {
    await deleteReceipts()
    const elsewhere = ['A', 'B', 'C', 'D', 'E', 'F'].find((sku) => partitionOf(sku as never, partitions) > 0)
    await writeSide.send(createBatch('later', elsewhere ?? 'LAMP', 100))
    const late = send('12-0', changeBatchQuantity('later', 5))
    await expect(late).rejects.toThrow(AnsweredBefore)
    expect(await quantityOf('later')).toBe(100)
  })

  test('an old entry does not affect a command without a source in the same commit', async () => {
    await Promise.allSettled([
      send('9-0', changeBatchQuantity('TABLE-1', 1)),
      writeSide.send(changeBatchQuantity('TABLE-1', 70)),
    ])
    expect(await quantityOf('TABLE-1')).toBe(70)
  })

  test('a position never moves back', async () => {
    await writeSide.streams.move(0, STREAM, parseEntryId('9-9'), new Date())
    expect(await position()).toBe('12-0')
    await writeSide.streams.move(0, STREAM, parseEntryId('100-0'), new Date())
    expect(await position()).toBe('100-0')
  })

  test('if the database has lost answers, the next entry fails instead of leaving a gap', async () => {
    const command = changeBatchQuantity('LAMP-1', 1)
    const next = send('301-0', command, '300-0')
    await expect(next).rejects.toThrow(StreamRewound)
    await expect(next).rejects.toThrow('was answered up to 300-0, but the database records only 100-0')
    expect(await quantityOf('LAMP-1')).toBe(30)
    expect(await send('301-0', command, '100-0')).toMatchObject({ status: 'accepted' })
  })
})
