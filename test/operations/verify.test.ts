/** `onhand verify` finds each kind of damage, and no damage in a sound database. */
import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openSession } from '../../src/lib/postgres.ts'
import { forMaintenance, forVerifying } from '../../src/operations/connections.ts'
import { VerifyingAlready, verifyDatabase } from '../../src/operations/verify.ts'
import { projections } from '../../src/projection/all.ts'
import { rebuildProjection } from '../../src/projector/rebuild.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, changeBatchQuantity, createBatch, deallocate } from '../support/operations.ts'
import { unsoundness } from '../support/soundness.ts'
import { allocate as allocation } from '../support/stock.ts'
import { until } from '../support/until.ts'
import { request } from '../support/write-side.ts'

const caughtUp = ({ gql }: TestOnhand) =>
  until(async () => {
    const { projections: shown } = await gql('{ projections { lag } }')
    return shown.every(({ lag }: { lag: number }) => lag === 0)
  })

describe('on an idle database', () => {
  let healthy: TestDatabase
  let admin: postgres.Sql

  /** Creates two batches, and orders that move from one to the other: 11 events, of which the last has its own commit. */
  beforeAll(async () => {
    healthy = await createTestDatabase(2)
    const onhand = await startTestOnhand({ database: healthy, config: { partitions: 2 } })
    await createBatch(onhand, { reference: 'b1', sku: 'lamp', quantity: 10 })
    await createBatch(onhand, { reference: 'b2', sku: 'lamp', quantity: 10, eta: '2030-01-01' })
    for (const orderId of ['o1', 'o2', 'o3']) await allocate(onhand, { orderId, sku: 'lamp', quantity: 3 })
    await changeBatchQuantity(onhand, { reference: 'b1', quantity: 5 })
    await deallocate(onhand, { orderId: 'o2', sku: 'lamp' })
    await caughtUp(onhand)
    await onhand.close()
    await healthy.sql.end()
    admin = postgres(inject('postgresUrl'), { max: 1, onnotice: () => {} })
  })

  afterAll(async () => {
    await admin.end()
    await healthy.drop()
  })

  async function findingsAfter(damage: string): Promise<string[]> {
    const name = `test_${randomBytes(6).toString('hex')}`
    await admin.unsafe(`create database ${name} template ${new URL(healthy.url).pathname.slice(1)}`)
    const url = Object.assign(new URL(healthy.url), { pathname: `/${name}` }).href
    const sql = postgres(url, { max: 1, onnotice: () => {} })
    // `lamp` is in one of the two partitions.
    await sql.unsafe(damage.replaceAll('$p', '(select partition from stock.batches limit 1)'))
    await sql.end()
    try {
      return await unsoundness(url)
    } finally {
      await admin.unsafe(`drop database ${name} with (force)`)
    }
  }

  const copyOf = (position: number, changed: { position: number; command?: string }) =>
    `insert into stock.events (partition, position, type, data, command_id, recorded_at, tag)
      select partition, ${changed.position}, type, data, ${changed.command ? `'${changed.command}'` : 'command_id'}, now(), 99
      from stock.events where position = ${position};`

  test('it finds nothing wrong', async () => {
    expect(await findingsAfter('select 1')).toEqual([])
  })

  test.each([
    [
      'a gap in the log',
      `delete from stock.events where position = 4`,
      /^The log is gapless.: partition \d: of the events 1 to 11 there are 10/,
    ],
    [
      'a log that does not begin with 1',
      `delete from stock.events where position = 1`,
      /^The log is gapless/,
    ],
    [
      'a commit without its tag',
      `update stock.events set tag = null where position = 3; update stock.events set recorded_at = recorded_at - interval '1 s' where position <= 3`,
      /^Every commit ends with a tag.: event \d:3 ends a commit and has no tag/,
    ],
    [
      'a head without its tag',
      `update stock.events set tag = null where position = 11`,
      /^Every commit ends with a tag.: event \d:11, the last one/,
    ],
    [
      'events in a partition that the log lacks',
      `update stock.events set partition = 7 where position = 11`,
      /^All rows are in partitions of the log.: stock.events has rows of partition 7/,
    ],
    [
      'a view’s rows in a partition that the log lacks',
      `update views.orders set partition = 7 where order_id = 'o1'`,
      /^All rows are in partitions of the log.: views.orders has rows of partition 7/,
    ],
    [
      'a dropped CHECK',
      `alter table stock.batches drop constraint batches_not_oversold`,
      /^All constraints are in place.: stock.batches has no valid check batches_not_oversold/,
    ],
    [
      'a dropped key',
      `alter table stock.receipts drop constraint receipts_partition_command_id_pk`,
      /^All constraints are in place.: stock.receipts has no valid primary key \(partition, command_id\)/,
    ],
    [
      'a column that may be null',
      `alter table stock.allocations alter column quantity drop not null`,
      /^All constraints are in place.: stock.allocations has no valid not null quantity/,
    ],
    [
      'a command that is in the log twice',
      copyOf(11, { position: 12 }),
      /^Every command is in the log once.*command .*, which ends at event \d:12, ends at 11 according to its receipt/,
    ],
    [
      'all receipts deleted',
      `delete from stock.receipts`,
      /^Every command is in the log once.*command .* has no receipt/,
    ],
    [
      'a receipt beyond the head',
      `update stock.receipts set position = 100 where position = 11`,
      /^Every command is in the log once.*at 100 is beyond the end of the log/s,
    ],
    [
      'a last command of which only the receipt is left',
      `delete from stock.events where position = 11;
        insert into stock.allocations (partition, order_id, sku, quantity, batch_reference, placed) values ($p, 'o2', 'lamp', 3, 'b2', 4);
        update stock.batches set allocated = allocated + 3, version = 10 where reference = 'b2';
        delete from views.checkpoint_positions where position = 11`,
      /^Every command is in the log once.*at 11 is beyond the end of the log/,
    ],
    [
      'a line that is allocated twice',
      `${copyOf(10, { position: 12, command: 'mine' })}
        update stock.batches set allocated = allocated + 3, version = 12 where reference = 'b2';
        insert into stock.receipts (partition, command_id, fingerprint, position, answer, recorded_at)
          values ($p, 'mine', '', 12, '{}', now())`,
      /^Every event follows from those before it.: event \d:12 \(LineAllocated\): the line of order o3 for lamp is allocated already, in b2/,
    ],
    [
      'a log that oversells',
      `update stock.events set data = jsonb_set(data::jsonb, '{quantity}', '11')::json where position = 3`,
      /^Nothing was ever oversold.: the commit that ends at \d:3 left batch b1 with 11 of 10/,
    ],
    [
      'a batch with less allocated than its lines have',
      `update stock.batches set allocated = 0 where reference = 'b2'`,
      /^Batches match the log.: is .*,0,\d+\).*\nshould be /s,
    ],
    [
      'a lost batch',
      `delete from stock.batches where reference = 'b2'`,
      /^Batches match the log.: should be .*b2/,
    ],
    [
      'a lost line',
      `delete from stock.allocations where order_id = 'o1'`,
      /^Order lines match the log.: should be .*o1/,
    ],
    [
      'a line without an event',
      `insert into stock.allocations (partition, order_id, sku, quantity, batch_reference, placed) values ($p, 'o9', 'lamp', 3, 'b2', 4)`,
      /^Order lines match the log.: is .*o9/,
    ],
    [
      'a line that waits although there are free units',
      `insert into stock.allocations (partition, order_id, sku, quantity, placed) values ($p, 'o9', 'lamp', 5, 4)`,
      /^No line waits for stock that is available.: order o9 waits for 5 of lamp, but one of its batches has \d free/,
    ],
    [
      'a product over the limit',
      `update stock.batches set quantity = 2147483647 where reference = 'b2'`,
      /^No product is over the limit.: lamp has 2147483652 units/,
    ],
    [
      'a batch without its claim',
      `delete from stock.batch_references where reference = 'b1'`,
      /^Every batch has a claim to its reference.: batch b1 has no claim/,
    ],
    [
      'a claim of another product',
      `update stock.batch_references set sku = 'table' where reference = 'b1'`,
      /^Every batch has a claim to its reference.: batch b1 is of lamp.* for table/,
    ],
    [
      'a wrong row of availability',
      `update views.availability set available = 99`,
      /^Projection availability matches the log.: is .*99.*should be /s,
    ],
    [
      'a missing movement',
      `delete from views.movements where position = 3`,
      /^Projection movements matches the log.: should be /,
    ],
    [
      'a missing order',
      `delete from views.orders where order_id = 'o1'`,
      /^Projection orders matches the log.: should be /,
    ],
    [
      'an extra batch',
      `insert into views.batches select reference || 'x', partition, position, sku, eta, purchased, allocated, reserved, available from views.batches limit 1`,
      /^Projection batches matches the log.: is /,
    ],
    [
      'a stopped projection',
      `update views.checkpoints set error = 'Event 0:12 cannot be taken: it is odd' where projection = 'orders' and partition = $p`,
      /^Every consumer stands at a commit of the log.*: orders in partition \d has stopped: Event 0:12 cannot be taken: it is odd/,
    ],
    [
      'a stream ahead of the log',
      `insert into views.checkpoints (partition, projection) values ($p, 'line_allocated');
        insert into views.checkpoint_positions values ($p, 'line_allocated', 1000, 1)`,
      /^Every consumer stands at a commit of the log.*: line_allocated in partition \d is at 1000, ahead of the log, which ends at 11/,
    ],
    [
      'a checkpoint of another history',
      `update views.checkpoint_positions set tag = tag + 1 where projection = 'batches'`,
      /^Every consumer stands at a commit of the log.*: batches in partition \d is at event 11 of another history/,
    ],
  ])('%s is found', async (_, damage, finding) => {
    expect(await findingsAfter(damage)).toContainEqual(expect.stringMatching(finding))
  })
})

describe('on a database in use', () => {
  const PRODUCTS = ['chair', 'lamp', 'table']
  const verifying = (url: string) =>
    verifyDatabase({
      openSession: () => openSession(forVerifying(url)),
      receiptRetentionHours: 72,
      onCheck: () => {},
      onProgress: () => {},
    })

  /** Starts a server that takes commands until it is closed. */
  async function startBusyOnhand() {
    const onhand = await startTestOnhand()
    for (const sku of PRODUCTS) await createBatch(onhand, { reference: sku, sku, quantity: 1_000_000 })
    const work = { ing: true, orders: 0 }
    const callers = Array.from({ length: 16 }, async () => {
      while (work.ing) {
        work.orders += 1
        const sku = PRODUCTS[work.orders % PRODUCTS.length] as string
        await onhand.dispatch(request(allocation(`order-${Math.floor(work.orders / 2)}`, sku, 1)))
      }
    })
    await until(() => work.orders > 500)
    return {
      onhand,
      url: onhand.database.url,
      close: async () => {
        work.ing = false
        await Promise.all(callers)
        await onhand.close()
      },
    }
  }

  test(
    'it finds nothing wrong while commands are written and every projection is rebuilt',
    { timeout: 120_000 },
    async () => {
      const { url, close } = await startBusyOnhand()
      const rebuilding = (async () => {
        for (const projection of projections) {
          const session = openSession(forMaintenance(url))
          await rebuildProjection({ session, projection, acceptDifferences: false, onProgress: () => {} })
          await session.close()
        }
        return 'rebuilt'
      })()
      const rebuilt = { all: false }
      void rebuilding.then(() => (rebuilt.all = true))
      const verified = []
      do {
        const wrong = (await verifying(url)).filter(({ holds }) => !holds)
        expect(wrong).toEqual([])
        verified.push(wrong)
      } while (!rebuilt.all)
      expect(await rebuilding).toBe('rebuilt')
      await close()
    },
  )

  test('it holds no snapshot from start to end, and leaves no tables', { timeout: 120_000 }, async () => {
    const { onhand, url, close } = await startBusyOnhand()
    const { sql } = onhand.database
    const run = { ning: true }
    const seen = new Set<string>()
    const verified = verifying(url).finally(() => (run.ning = false))
    await until(
      async () =>
        (
          await sql`select from pg_locks where locktype = 'advisory' and granted
              and database = (select oid from pg_database where datname = current_database())`
        ).length > 0,
    )
    await expect(verifying(url)).rejects.toThrow(VerifyingAlready)
    while (run.ning) {
      const rows = await sql`select backend_xmin::text as xmin from pg_stat_activity
        where application_name = 'onhand verify' and datname = current_database() and backend_xmin is not null`
      for (const { xmin } of rows) seen.add(xmin)
    }
    expect((await verified).filter(({ holds }) => !holds)).toEqual([])
    // A single snapshot for the whole run would have a single xmin.
    expect(seen.size).toBeGreaterThan(1)
    expect(await sql`select relname from pg_class where relname like '%verify%'`).toEqual([])
    await close()
  })
})
