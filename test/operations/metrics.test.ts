/** The content of `/metrics`, parsed as Prometheus does. */
import { drizzle } from 'drizzle-orm/postgres-js'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createSnapshotCheck } from '../../src/operations/snapshots.ts'
import { createTestLog } from '../support/log.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand()
})

afterAll(() => onhand.close())

/** The samples of one scrape, by name and labels. */
async function scrape(url = onhand.url): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  )
}

const lag = 'onhand_projection_lag_events{projection="orders",partition="0"}'
const head = 'onhand_log_head{partition="0"}'

test('every scrape, including the first, has the current lag', async () => {
  expect([...(await scrape()).keys()]).toContain(lag)
  await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 10 })
  expect((await scrape()).get(head)).toBe(1)
  await until(async () => (await scrape()).get(lag) === 0)
  await onhand.database.sql`delete from views.checkpoint_positions where projection = 'orders'`
  expect((await scrape()).get(lag)).toBe(1)
})

test('requests over HTTP are measured by route, method and status', async () => {
  await onhand.gql('{ products(first: 1) { nodes { sku } } }')
  await fetch(`${onhand.url}/graphql`, {
    method: 'POST',
    body: '{',
    headers: { 'content-type': 'application/json' },
  })
  const found = await scrape()
  const of = (what: string, status: number, more = '') =>
    found.get(`onhand_http_request_seconds_${what}{route="/graphql",method="POST",status="${status}"${more}}`)
  expect(of('count', 200)).toBeGreaterThan(0)
  expect(of('count', 400)).toBe(1)
  expect(of('sum', 200)).toBeGreaterThan(0)
  expect(of('bucket', 200, ',le="+Inf"')).toBe(of('count', 200))
})

test('the version, and whether Postgres is available', async () => {
  const found = [...(await scrape())]
  expect(found.find(([name]) => name.startsWith('onhand_build_info'))).toEqual([
    expect.stringMatching(/version="\d+\.\d+\.\d+",node="v\d+/),
    1,
  ])
  expect(found).toContainEqual(['onhand_postgres_up', 1])
  expect(found.map(([name]) => name)).not.toContain('onhand_redis_up')
})

describe.skipIf(inject('redisUrl') === null)('with Redis', () => {
  test('whether it is available', async () => {
    const other = await startTestOnhand({
      config: { redisUrl: inject('redisUrl') },
      database: onhand.database,
    })
    expect((await scrape(other.url)).get('onhand_redis_up')).toBe(1)
    await other.close()
    const away = await startTestOnhand({
      config: { redisUrl: 'redis://127.0.0.1:1' },
      database: onhand.database,
    })
    expect((await scrape(away.url)).get('onhand_redis_up')).toBe(0)
    await away.close()
  })
})

test('a snapshot that stays open is measured and logged as a warning', async () => {
  expect((await scrape()).get('onhand_oldest_snapshot_seconds')).toBeLessThan(30)
  const dump = await onhand.database.sql.reserve()
  await dump`begin isolation level repeatable read`
  await dump`select from stock.events`
  await until(async () => ((await scrape()).get('onhand_oldest_snapshot_seconds') ?? 0) > 1)
  const log = createTestLog()
  await createSnapshotCheck(drizzle(onhand.database.sql), log.logger, 1)()
  expect(log.warnings()).toEqual([
    expect.stringMatching(/^Process \d+ of Postgres .* has held a snapshot for \d+ s\./),
  ])
  await dump`rollback`
  dump.release()
  await until(async () => ((await scrape()).get('onhand_oldest_snapshot_seconds') ?? 9) < 1)
})
