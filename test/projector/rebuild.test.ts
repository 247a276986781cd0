/** A projection is rebuilt from the log while it is in use. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LogPosition } from '../../src/domain/values.ts'
import { openSession } from '../../src/lib/postgres.ts'
import { createLogReader } from '../../src/log/read.ts'
import { forMaintenance } from '../../src/operations/connections.ts'
import { projections } from '../../src/projection/all.ts'
import { createCheckpoints } from '../../src/projector/checkpoint.ts'
import { compareTables } from '../../src/projector/compare.ts'
import { createCopy } from '../../src/projector/copy.ts'
import { RebuildDiffers, rebuildProjection } from '../../src/projector/rebuild.ts'
import type { Rebuilt } from '../../src/projector/rebuild.ts'
import { LiveSocket } from '../support/live-socket.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { createBatch } from '../support/operations.ts'
import { startShoppers } from '../support/shoppers.ts'
import { unsoundness } from '../support/soundness.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand
let orders = 0

beforeEach(async () => {
  onhand = await startTestOnhand()
  for (const sku of ['lamp', 'table']) await createBatch(onhand, { reference: sku, sku, quantity: 1_000_000 })
})

afterEach(() => onhand.close())

const buy = () => {
  orders += 1
  return { orderId: `o${orders}`, sku: orders % 2 === 0 ? 'lamp' : 'table', quantity: 1 }
}

async function rebuild(name: string, acceptDifferences = false): Promise<Rebuilt> {
  const session = openSession(forMaintenance(onhand.database.url))
  const projection = projections.find((candidate) => candidate.name === name)
  if (projection === undefined) throw new Error(`There is no projection ${name}.`)
  try {
    return await rebuildProjection({ session, projection, acceptDifferences, onProgress: () => {} })
  } finally {
    await session.close()
  }
}

const PRODUCTS =
  '{ products { nodes { sku allocated } } orders: order(id: "o1") { id } batch(reference: "lamp") { allocated } }'

test.each(projections.map(({ name }) => name))(
  '%s is rebuilt under load, and queries never see an older state',
  async (name) => {
    const shoppers = startShoppers(8, () => onhand.url, buy)
    await until(() => shoppers.answered.length > 200)
    const seen: number[] = []
    const still = { reading: true }
    const reading = (async () => {
      while (still.reading) seen.push((await onhand.gql(PRODUCTS)).batch.allocated)
    })()
    for (let time = 0; time < 3; time += 1) expect(await rebuild(name)).toMatchObject({ differed: false })
    const before = shoppers.answered.length
    await until(() => shoppers.answered.length > before + 100)
    still.reading = false
    await Promise.all([reading, shoppers.stop()])
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    const { projections: progress } = await until(async () => {
      const answer = await onhand.gql('{ projections { name status lag } }')
      return answer.projections.every(({ lag }: { lag: number }) => lag === 0) && answer
    })
    expect(progress.map(({ status }: { status: string }) => status)).toEqual(Array(4).fill('LIVE'))
    expect(await unsoundness(onhand.database.url)).toEqual([])
  },
)

test('a table that contradicts the log is kept, unless the operator accepts the differences', async () => {
  await until(async () => (await onhand.gql('{ product(sku: "lamp") { sku } }')).product)
  await onhand.database.sql`update views.availability set available = 7 where sku = 'lamp'`
  await expect(rebuild('availability')).rejects.toThrow(RebuildDiffers)
  expect((await onhand.gql('{ product(sku: "lamp") { available } }')).product).toEqual({ available: 7 })
  expect(await rebuild('availability', true)).toMatchObject({ differed: true })
  expect((await onhand.gql('{ product(sku: "lamp") { available } }')).product).toEqual({
    available: 1_000_000,
  })
})

test('open subscriptions get the rebuilt rows, even without new events', async () => {
  const { database, url, gql } = onhand
  await gql('mutation { allocate(input: { orderId: "o1", sku: "lamp", quantity: 3 }) { token } }')
  await gql('{ product(sku: "lamp", consistentWith: "latest") { sku } }')
  await gql('{ order(id: "o1", consistentWith: "latest") { id } }')
  await database.sql`update views.availability set available = 7 where sku = 'lamp'`
  await database.sql`update views.orders set lines = jsonb_set(lines, '{0,quantity}', '9') where order_id = 'o1'`
  const other = await startTestOnhand({ database, config: { roles: new Set(['api'] as const) } })
  const sockets = await Promise.all([LiveSocket.open(url), LiveSocket.open(other.url)])
  for (const socket of sockets) {
    socket.subscribe(
      'lamp',
      'subscription { availabilityChanged(skus: ["lamp", "table"]) { sku available } }',
    )
    socket.subscribe('order', 'subscription { allocationChanged(orderId: "o1") { lines { quantity } } }')
    await until(() => socket.results('lamp').length === 2 && socket.results('order').length === 1)
  }
  const lamp = '{ product(sku: "lamp") { available } }'
  expect((await gql(lamp)).product).toEqual({ available: 7 })
  for (const name of ['availability', 'orders'])
    expect(await rebuild(name, true)).toMatchObject({ differed: true })
  for (const [at, socket] of sockets.entries()) {
    await until(() => socket.results('lamp').length === 3 && socket.results('order').length === 2)
    expect(socket.results('lamp').at(-1)?.data).toMatchObject({
      availabilityChanged: { sku: 'lamp', available: 999_997 },
    })
    expect(socket.results('order').at(-1)?.data).toEqual({ allocationChanged: { lines: [{ quantity: 3 }] } })
    expect((await [onhand, other][at]?.gql(lamp))?.product).toEqual({ available: 999_997 })
  }
  for (const socket of sockets) await socket.close()
  await other.close()
})

test('a projection cannot be rebuilt twice at the same time', async () => {
  const shoppers = startShoppers(8, () => onhand.url, buy)
  await until(() => shoppers.answered.length > 300)
  await shoppers.stop()
  const results = await Promise.allSettled([rebuild('orders'), rebuild('orders'), rebuild('movements')])
  expect(results.map(({ status }) => status).toSorted()).toContain('fulfilled')
  expect(results[2].status).toBe('fulfilled')
  for (const result of results) {
    if (result.status === 'rejected') expect(String(result.reason)).toContain('is already being rebuilt')
  }
  expect(await unsoundness(onhand.database.url)).toEqual([])
})

/** Starts a transaction that reads the table and stays open, as a dump does. */
async function startDump(table: string) {
  const dump = await onhand.database.sql.reserve()
  await dump`begin isolation level repeatable read`
  await dump.unsafe(`select count(*) from ${table}`)
  return async () => {
    await dump`commit`
    dump.release()
  }
}

test('a running dump delays the swap but no query', async () => {
  const endDump = await startDump('views.availability')
  let waiting = false
  const session = openSession(forMaintenance(onhand.database.url))
  const projection = projections.find(({ name }) => name === 'availability')!
  const rebuilding = rebuildProjection({
    session,
    projection,
    acceptDifferences: false,
    onProgress: () => {},
    onWait: () => (waiting = true),
  })
  await until(() => waiting)
  // The list is read from the table, and the mutation's query waits for the projector.
  const orderId = 'meanwhile'
  const { query } = (
    await onhand.gql(
      `mutation { allocate(input: { orderId: "${orderId}", sku: "lamp", quantity: 1 }) { query { products { nodes { sku } } } } }`,
    )
  ).allocate
  expect(query.products.nodes).toHaveLength(2)
  const waiters = await onhand.database.sql`select from pg_locks where not granted
    and relation = 'views.availability'::regclass`
  expect(waiters).toHaveLength(0)
  await endDump()
  expect(await rebuilding).toMatchObject({ differed: false })
  await session.close()
  expect(await unsoundness(onhand.database.url)).toEqual([])
})

test('events whose fold was rolled back are folded again', async () => {
  const shoppers = startShoppers(8, () => onhand.url, buy)
  await until(() => shoppers.answered.length > 100)
  await shoppers.stop()
  const session = openSession(forMaintenance(onhand.database.url))
  const { db } = session
  const [log, checkpoints] = [createLogReader(db), createCheckpoints(db)]
  const head = (await log.heads()).get(0)!.position
  for (const projection of projections) {
    const copy = await createCopy(db, log, checkpoints, projection, `${projection.name}_copy`, false)
    await copy.fold(0, 2n as LogPosition)
    const revert = copy.mark()
    const rolledBack = session.transaction(async () => {
      await copy.fold(0, head)
      throw new Error('no lock')
    })
    await expect(rolledBack).rejects.toThrow('no lock')
    revert()
    const follow = (partition: number) => copy.fold(partition, head)
    expect((await compareTables(session, copy.pair, [0], follow)).differences).toEqual([])
  }
  await session.close()
})

test('a rebuild by another role keeps the owner and the grants', async () => {
  const { sql, url } = onhand.database
  const [owner, analyst] = [`owner_${Date.now()}`, `analyst_${Date.now()}`]
  await sql.unsafe(`create role ${owner} superuser; create role ${analyst}`)
  const rights = async () => {
    const [row] = await sql`select relowner::regrole::text as owner,
        (select array_agg(a.grantee::regrole || ' ' || a.privilege_type order by 1) from aclexplode(relacl) a)::text as grants
      from pg_class where oid = 'views.batches'::regclass`
    return row
  }
  await sql.unsafe(`grant select on views.batches to ${analyst} with grant option`)
  const before = await rights()
  const options = forMaintenance(url)
  const session = openSession({ ...options, settings: { ...options.settings, role: owner } })
  const projection = projections.find(({ name }) => name === 'batches')!
  await rebuildProjection({ session, projection, acceptDifferences: false, onProgress: () => {} })
  await session.close()
  expect(await rights()).toEqual(before)
  expect((await onhand.gql('{ batch(reference: "lamp") { reference } }')).batch).toEqual({
    reference: 'lamp',
  })
  await sql.unsafe(
    `drop owned by ${analyst}; drop role ${analyst}; drop owned by ${owner}; drop role ${owner}`,
  )
})
