/** If the log lacks a checkpoint, as after a restore of only some tables, that projection stops and a rebuild repairs it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSession } from '../../src/lib/postgres.ts'
import { forMaintenance } from '../../src/operations/connections.ts'
import { projections } from '../../src/projection/all.ts'
import { rebuildProjection } from '../../src/projector/rebuild.ts'
import { onhandCli } from '../support/cli.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { unsoundness } from '../support/soundness.ts'
import { allocate as allocation } from '../support/stock.ts'
import { until } from '../support/until.ts'
import { request } from '../support/write-side.ts'

let database: TestDatabase
let onhand: TestOnhand

beforeEach(async () => {
  database = await createTestDatabase()
  onhand = await startTestOnhand({ database })
  await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 100 })
  for (const orderId of ['o1', 'o2', 'o3']) await allocate(onhand, { orderId, sku: 'lamp', quantity: 3 })
  await until(async () => (await statusOf()).every(({ lag }) => lag === 0))
})

afterEach(async () => {
  await onhand.close()
  await database.drop()
})

interface Shown {
  readonly name: string
  readonly status: string
  readonly lag: number
}

async function statusOf(): Promise<Shown[]> {
  return (await onhand.gql('{ projections { name status lag } }')).projections
}

const epoch = async () => (await database.sql`select epoch from stock.installation`)[0]?.['epoch'] as string

const damages = {
  'ahead of the log': (name: string) =>
    database.sql`insert into views.checkpoint_positions values (0, ${name}, 1000, 1)`,
  'of another history': (name: string) =>
    database.sql`update views.checkpoint_positions set tag = tag + 1 where projection = ${name}`,
}

async function rebuild(name: string) {
  const session = openSession(forMaintenance(database.url))
  const projection = projections.find((candidate) => candidate.name === name)
  try {
    return await rebuildProjection({
      session,
      projection: projection!,
      acceptDifferences: false,
      onProgress: () => {},
    })
  } finally {
    await session.close()
  }
}

async function stopped(): Promise<{ projection: string; error: string }[]> {
  const ready = (await (await fetch(`${onhand.url}/readyz`)).json()) as {
    stopped?: { projection: string; error: string }[]
  }
  return ready.stopped ?? []
}

/** Places an order through the dispatcher, because a mutation would wait for the stopped projection. */
const buy = (orderId: string) => onhand.dispatch(request(allocation(orderId, 'lamp', 1)))

describe.each(Object.entries(damages))('a checkpoint %s', (_, damage) => {
  test.each(projections.map(({ name }) => name))(
    '%s, while the server runs: only it stops, the epoch stays, and a rebuild repairs it',
    async (name) => {
      const before = await epoch()
      await damage(name)
      await buy('o4')
      await until(async () => (await stopped()).length > 0)
      await expectStopped(name)
      expect(await epoch()).toBe(before)
      await expectRepaired(name)
      expect(await epoch()).toBe(before)
    },
  )

  test('while the server is down: the projection stops at the start, the epoch stays, and a rebuild repairs it', async () => {
    await onhand.close()
    const before = await epoch()
    await damage('orders')
    expect((await onhandCli(['status'], { DATABASE_URL: database.url })).code).toBe(1)
    onhand = await startTestOnhand({ database })
    await expectStopped('orders')
    await buy('o4')
    await expectStopped('orders')
    expect(await epoch()).toBe(before)
    await expectRepaired('orders')
    expect(await epoch()).toBe(before)
  })

  test('the rebuild replaces rows that contradict the log', async () => {
    await damage('availability')
    await database.sql`update views.availability set available = 7`
    await until(async () => (await stopped()).length > 0)
    expect(await rebuild('availability')).toMatchObject({ differed: true })
    await until(async () => (await statusOf()).every(({ lag }) => lag === 0))
    expect(await unsoundness(database.url)).toEqual([])
  })
})

async function expectStopped(name: string): Promise<void> {
  const advice = new RegExp(`It is at .*(ahead of|another history).*Run \`onhand rebuild ${name}\``)
  expect(await stopped()).toMatchObject([{ projection: name, error: expect.stringMatching(advice) }])
  await until(async () =>
    (await statusOf()).every((shown) =>
      shown.name === name ? shown.status === 'STOPPED' && shown.lag >= 0 : shown.lag === 0,
    ),
  )
  expect(await unsoundness(database.url)).toContainEqual(
    expect.stringMatching(
      new RegExp(
        `^Every consumer stands at a commit of the log.*: ${name} in partition 0.*onhand rebuild ${name}`,
        's',
      ),
    ),
  )
  const status = await onhandCli(['status'], { DATABASE_URL: database.url })
  expect(status).toMatchObject({ code: 1, stdout: expect.stringMatching(advice) })
}

async function expectRepaired(name: string): Promise<void> {
  await rebuild(name)
  await until(async () => (await statusOf()).every(({ lag, status }) => lag === 0 && status === 'LIVE'))
  await buy('o5')
  await until(async () => (await onhand.gql('{ order(id: "o5", consistentWith: "latest") { id } }')).order)
  expect(await unsoundness(database.url)).toEqual([])
}
