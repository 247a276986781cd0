/** Readers see all events of a command together or none of them. */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LogPosition } from '../../src/domain/values.ts'
import { openSession } from '../../src/lib/postgres.ts'
import type { LogEntry, LoggedEvent } from '../../src/log/read.ts'
import { forProjector } from '../../src/operations/connections.ts'
import { availability } from '../../src/projection/availability.ts'
import { movements } from '../../src/projection/movements.ts'
import type { Consumer } from '../../src/projector/consumer.ts'
import { createFold } from '../../src/projector/fold.ts'
import { createRows } from '../../src/projector/rows.ts'
import { describeFailure, stoppedAt, takeCommits } from '../../src/projector/take.ts'
import { onhandCli } from '../support/cli.ts'
import { createTestDatabase } from '../support/database.ts'
import { point, recorded } from '../support/events.ts'
import { LiveSocket } from '../support/live-socket.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { changeBatchQuantity, createBatch } from '../support/operations.ts'
import { allocate as allocation } from '../support/stock.ts'
import { until } from '../support/until.ts'
import { request } from '../support/write-side.ts'

/** Places orders of one unit each through the dispatcher, because HTTP would be too slow. */
const order = (onhand: TestOnhand, sku: string, lines: number) =>
  Promise.all(
    Array.from({ length: lines }, (_, at) => onhand.dispatch(request(allocation(`${sku}-${at}`, sku, 1)))),
  )

describe('a reduction that displaces 3,000 lines', () => {
  const LINES = 3000
  let onhand: TestOnhand

  beforeEach(async () => {
    onhand = await startTestOnhand()
    for (const sku of ['chair', 'lamp', 'table'])
      await createBatch(onhand, { reference: sku, sku, quantity: LINES })
    await order(onhand, 'lamp', LINES)
    await until(
      async () => (await onhand.gql('{ product(sku: "lamp") { allocated } }')).product.allocated === LINES,
    )
  })

  afterEach(() => onhand.close())

  test('appears all at once in queries, subscriptions and lists', async () => {
    const { gql } = onhand
    const states = new Set<string>()
    const see = ({ onHand, allocated, available }: any) => states.add(`${onHand} ${allocated} ${available}`)
    const socket = await LiveSocket.open(onhand.url)
    socket.subscribe(
      'lamp',
      'subscription { availabilityChanged(skus: ["lamp"]) { onHand allocated available } }',
    )
    const poll = { ing: true }
    const polls = [
      async () => see((await gql('{ product(sku: "lamp") { onHand allocated available } }')).product),
      async () => {
        const first = `{ products(first: 1, orderBy: { field: AVAILABLE }) { pageInfo { endCursor } } }`
        const { endCursor } = (await gql(first)).products.pageInfo
        const rest = `{ products(first: 5, orderBy: { field: AVAILABLE }, after: "${endCursor}") { nodes { sku } } }`
        expect((await gql(rest)).products.nodes.length).toBeGreaterThan(0)
      },
    ].map(async (ask) => {
      while (poll.ing) await ask()
    })
    await until(() => socket.results('lamp').length > 0)
    const { token } = await changeBatchQuantity(onhand, { reference: 'lamp', quantity: 0 })
    await gql(`{ product(sku: "lamp", consistentWith: "${token}") { sku } }`)
    const shown = () => socket.results('lamp').map(({ data }) => data.availabilityChanged)
    await until(() => shown().at(-1)?.onHand === 0)
    poll.ing = false
    await Promise.all(polls)
    for (const state of shown()) see(state)
    expect([...states].toSorted()).toEqual(['0 0 0', `${LINES} ${LINES} 0`])
    await socket.close()
  })
})

describe('an event that cannot be taken', () => {
  let api: TestOnhand
  const lines = async () =>
    Number((await api.database.sql`select count(*) from views.movements`)[0]?.['count'])
  const progress = async (name: string) =>
    (
      await api.database
        .sql`select error, position::int from views.read_progress() where projection = ${name}`
    )[0] as { error: string | null; position: number }

  beforeEach(async () => {
    api = await startTestOnhand({ config: { roles: new Set(['api'] as const) } })
    await createBatch(api, { reference: 'lamp', sku: 'lamp', quantity: 5 })
    // Events 2 to 6 allocate. One commit has event 7 (the change), 8 to 12 (lines leave) and 13 to 17 (lines wait).
    for (const at of Array(5).keys()) await api.dispatch(request(allocation(`lamp-${at}`, 'lamp', 1)))
    await changeBatchQuantity(api, { reference: 'lamp', quantity: 0 })
    await createBatch(api, { reference: 'table', sku: 'table', quantity: 5 })
  })

  afterEach(() => api.close())

  test.each([
    ['cannot be decoded', `update stock.events set type = 'OfTheFuture' where position = $1`, 'OfTheFuture'],
    [
      'contradicts the events before it',
      `update stock.events set data = jsonb_set(data::jsonb, '{batchReference}', '"none"')::json where position = $1`,
      'No batch none',
    ],
  ])('because it %s stops the projection before its commit, until it is skipped', async (_, damage, why) => {
    await api.database.sql.unsafe(damage, [9])
    const projector = await startTestOnhand({ database: api.database })
    const stopped = await until(async () => {
      const { error, position } = await progress('availability')
      return error !== null && { error, position }
    })
    expect(stopped).toEqual({
      error: expect.stringMatching(`^Event 0:9 cannot be taken: .*${why}`),
      position: 6,
    })
    const lamp = '{ product(sku: "lamp") { onHand allocated available } }'
    expect((await projector.gql(lamp)).product).toEqual({ onHand: 5, allocated: 5, available: 0 })

    const skip = (event: string) =>
      onhandCli(['skip', 'availability', event, '--yes'], { DATABASE_URL: api.database.url })
    expect((await skip('0:7')).stderr).toContain('availability has not stopped at 0:7')
    expect((await skip('0:9')).code).toBe(0)
    await until(async () => (await progress('availability')).position === 18)
    // Only the line of event 9 is missing: its unit is still counted as allocated.
    expect((await projector.gql(lamp)).product).toEqual({ onHand: 0, allocated: 1, available: -1 })
    expect((await projector.gql('{ product(sku: "table") { available } }')).product).toEqual({ available: 5 })
    await projector.close()
  })

  test('and follows directly on another such event is skipped separately', async () => {
    await api.database.sql`update stock.events set type = 'OfTheFuture' where position in (17, 18)`
    const projector = await startTestOnhand({ database: api.database })
    const stopsAt = (position: bigint) =>
      until(async () => stoppedAt((await progress('movements')).error, 0, position as LogPosition))
    await stopsAt(17n)
    expect(await lines()).toBe(6)
    await onhandCli(['skip', 'movements', '0:17', '--yes'], { DATABASE_URL: api.database.url })
    await stopsAt(18n)
    expect(await lines()).toBe(16)
    await onhandCli(['skip', 'movements', '0:18', '--yes'], { DATABASE_URL: api.database.url })
    await until(async () => (await progress('movements')).position === 18)
    expect(await lines()).toBe(16)
    await projector.close()
  })
})

/** Any log, in which some events end a commit, some cannot be read, and some cannot be taken. */
const anyLog = fc
  .array(
    fc.record({ kind: fc.constantFrom('good', 'good', 'good', 'unreadable', 'bad'), ends: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 30,
    },
  )
  .map((kinds) =>
    kinds.map(({ kind, ends }, at): LogEntry & { kind: string } => {
      const { tag } = ends || at === kinds.length - 1 ? point(at + 1) : { tag: null }
      const event = recorded(at + 1, { type: 'LineBackordered', orderId: kind, sku: 'lamp', quantity: 1 })
      return kind === 'unreadable'
        ? { kind, position: event.position, tag, unreadable: new Error('of the future') }
        : { kind, ...event, tag }
    }),
  )

test('with any failing and skipped events, a consumer takes whole commits, and as many as it can', async () => {
  await fc.assert(
    fc.asyncProperty(anyLog, fc.func(fc.boolean()), async (log, isSkipped) => {
      const taken: LogPosition[] = []
      const consumer: Consumer = {
        name: 'test',
        async consume(_, { events }) {
          const bad = events.find((entry) => (entry as LoggedEvent & { kind: string }).kind === 'bad')
          if (bad !== undefined) return { rows: [], failure: { position: bad.position, cause: 'bad' } }
          taken.push(...events.map(({ position }) => position))
          return { rows: [], failure: null }
        },
        evict() {},
      }
      const { to, failure } = await takeCommits(consumer, 0, point(0), log, async (at) => isSkipped(at))
      const fails = log.find(({ kind, position }) => kind !== 'good' && !isSkipped(position))
      const end = log.filter(({ position }) => fails === undefined || position < fails.position)
      const last = end.findLast(({ tag }) => tag !== null)
      // If several events of one commit fail, the failure may have any of them.
      const stopsIn = log.findIndex(
        ({ tag }, at) => tag !== null && log[at]!.position >= (fails?.position ?? 0n),
      )
      expect(failure === null).toBe(fails === undefined)
      if (failure !== null && fails !== undefined) {
        expect(failure.position).toBeGreaterThanOrEqual(fails.position)
        expect(failure.position).toBeLessThanOrEqual(BigInt(stopsIn + 1))
      }
      expect(to).toEqual(last === undefined ? point(0) : { position: last.position, tag: last.tag })
      expect(taken).toEqual(
        end
          .filter(
            ({ kind, position }) => position <= to.position && (kind === 'good' || !isSkipped(position)),
          )
          .map(({ position }) => position),
      )
    }),
  )
})

test('the description of a failure names the event in the form that `onhand skip` accepts', () => {
  const failure = { position: 12n as LogPosition, cause: new Error('why') }
  expect(describeFailure(3, failure)).toBe('Event 3:12 cannot be taken: why')
  expect(stoppedAt(describeFailure(3, failure), 3, failure.position)).toBe(true)
  for (const [partition, position] of [
    [3, 1n],
    [3, 2n],
    [1, 12n],
  ] as const)
    expect(stoppedAt(describeFailure(3, failure), partition, position as LogPosition)).toBe(false)
})

test.each([availability, movements])(
  '$name: a commit of 20,000 events is loaded and saved piece by piece',
  { timeout: 120_000 },
  async (projection) => {
    const EVENTS = 20_000
    const database = await createTestDatabase()
    const session = openSession(forProjector(database.url, 'test'))
    const rows = createRows(session.db, projection)
    const sizes: number[] = []
    const recording = {
      load: (partition: number, keys: readonly string[]) => (
        sizes.push(keys.length),
        rows.load(partition, keys)
      ),
      save: (...saved: Parameters<typeof rows.save>) => (sizes.push(saved[1].length), rows.save(...saved)),
    }
    const events = Array.from({ length: EVENTS }, (_, at) => ({
      ...recorded(at + 1, {
        type: 'BatchCreated',
        reference: `b${at}`,
        sku: `s${at}`,
        quantity: 1,
        eta: null,
      }),
      tag: at === EVENTS - 1 ? point(EVENTS).tag : null,
    }))
    const fold = createFold(projection, recording, 1000)
    const step = { from: point(0), to: point(EVENTS), events }
    const { rows: changed } = await session.transaction(() => fold.consume(0, step))
    expect(changed.length).toBe(EVENTS)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2000)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2 * EVENTS)
    await session.close()
    await database.drop()
  },
)
