/** A projection is made anew from the log while it is being used. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSession } from '../../src/lib/postgres.ts'
import { forMaintenance } from '../../src/operations/connections.ts'
import { projections } from '../../src/projection/all.ts'
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
  '%s: under load, and queries never see less than before',
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

test('a table that is not what the log says stays, unless the operator says that it may go', async () => {
  await until(async () => (await onhand.gql('{ product(sku: "lamp") { sku } }')).product)
  await onhand.database.sql`update views.availability set available = 7 where sku = 'lamp'`
  await expect(rebuild('availability')).rejects.toThrow(RebuildDiffers)
  expect((await onhand.gql('{ product(sku: "lamp") { available } }')).product).toEqual({ available: 7 })
  expect(await rebuild('availability', true)).toMatchObject({ differed: true })
  expect((await onhand.gql('{ product(sku: "lamp") { available } }')).product).toEqual({
    available: 1_000_000,
  })
})

test('what is open shows what the rebuilt projection says, though nothing has happened since', async () => {
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

test('one at a time, of one projection', async () => {
  const shoppers = startShoppers(8, () => onhand.url, buy)
  await until(() => shoppers.answered.length > 300)
  await shoppers.stop()
  const results = await Promise.allSettled([rebuild('orders'), rebuild('orders'), rebuild('movements')])
  expect(results.map(({ status }) => status).toSorted()).toContain('fulfilled')
  expect(results[2].status).toBe('fulfilled')
  for (const result of results) {
    if (result.status === 'rejected') expect(String(result.reason)).toContain('is being rebuilt already')
  }
  expect(await unsoundness(onhand.database.url)).toEqual([])
})
