/** `onhand/client` and a server that restarts with an older database: no lost state is shown as live. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createOnhandClient } from '../../src/client/index.ts'
import type { OnhandClient, OnhandClientError } from '../../src/client/index.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { openProxy } from '../support/proxy.ts'
import type { Proxy } from '../support/proxy.ts'
import { until } from '../support/until.ts'

const STATE = 'subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { sku available } }'
const LEDGER = 'subscription { stockMoved(after: "0") { orderId } }'

let before: TestOnhand
let restored: TestOnhand
let proxy: Proxy
let client: OnhandClient

beforeEach(async () => {
  before = await startTestOnhand()
  restored = await startTestOnhand()
  await createBatch(before, { reference: 'b', sku: 'lamp', quantity: 800 })
  for (let time = 1; time <= 10; time += 1)
    await allocate(before, { orderId: `o${time}`, sku: 'lamp', quantity: 1 })
  proxy = await openProxy(before.url)
  client = createOnhandClient({ url: `${proxy.url}/graphql`, webSocketImpl: WebSocket })
})

afterEach(async () => {
  client.close()
  await proxy.close()
  await before.close()
  await restored.close()
})

/** What a page shows: it discards everything at `restarted`. */
class Page {
  readonly states: string[] = []
  readonly orders: (string | null)[] = []
  /** Everything that the page showed while its state was `live`. */
  readonly live: (number | null)[] = []
  available: number | null = null
  error: OnhandClientError | null = null

  constructor(query: string, variables: Record<string, unknown> = {}) {
    client.watch<any>(query, variables, {
      next: ({ availabilityChanged, stockMoved }) => {
        if (availabilityChanged) this.available = availabilityChanged.available
        if (stockMoved) this.orders.push(stockMoved.orderId)
        this.#note()
      },
      state: ({ state }) => {
        this.states.push(state)
        if (state === 'restarted') this.available = null
        this.#note()
      },
      error: (error) => {
        this.error = error
      },
    })
  }

  #note(): void {
    if (this.states.at(-1) === 'live') this.live.push(this.available)
  }
}

function restart(): void {
  proxy.leadTo(restored.url)
  proxy.cut()
}

test('a new epoch: what was shown is discarded before the page is live again, even if nothing follows', async () => {
  const page = new Page(STATE, { skus: ['lamp'] })
  await until(() => page.available === 790)
  restart()
  await until(() => page.states.at(-1) === 'live' && page.states.length > 2)
  expect(page.states).toEqual(['reconnecting', 'live', 'reconnecting', 'restarted', 'live'])
  expect(page.live.at(-1)).toBeNull()
  await createBatch(restored, { reference: 'b', sku: 'lamp', quantity: 2 })
  await until(() => page.available === 2)
  expect(page.error).toBeNull()
})

test('the same epoch, because nobody has renewed it: the cursor is ahead of the log, and the client starts again', async () => {
  const [{ epoch } = {}] = await before.database.sql`select epoch from stock.installation`
  await restored.database.sql`update stock.installation set epoch = ${epoch}`
  // Once the server has begun a new epoch, this is the test above.
  await until(async () => (await epochAt(restored)) === epoch)
  await createBatch(restored, { reference: 'b', sku: 'lamp', quantity: 2 })
  const states = new Page(STATE, { skus: ['lamp'] })
  const ledger = new Page(LEDGER)
  await until(() => states.available === 790 && ledger.orders.length === 11)
  restart()
  await until(() => states.available === 2 && ledger.states.includes('restarted'))
  expect(states.states).toContain('restarted')
  await allocate(restored, { orderId: 'new', sku: 'lamp', quantity: 1 })
  await until(() => states.available === 1 && ledger.orders.at(-1) === 'new')
  // It starts with the next movement; those of the restored log are not sent again.
  expect(ledger.orders).toHaveLength(12)
  expect([states.error, ledger.error]).toEqual([null, null])
  expect(states.states.at(-1)).toBe('live')
})

/** Reads the epoch from a token. */
async function epochAt(onhand: TestOnhand): Promise<string> {
  const { token } = await createBatch(onhand, { reference: 'any', sku: 'any', quantity: 1, commandId: 'any' })
  return token.split('.')[0]
}

test('a loop ends with LOG_REPLACED, so that its caller can start another one', async () => {
  const loop = client.iterate<any>(LEDGER, {})
  for (let time = 0; time < 11; time += 1) await loop.next()
  const next = loop.next()
  restart()
  await expect(next).rejects.toMatchObject({ code: 'LOG_REPLACED' })
})

test('an epoch that begins while the client is connected: the page gets `restarted` and the current state', async () => {
  const page = new Page(STATE, { skus: ['lamp'] })
  const ledger = new Page(LEDGER)
  await until(() => page.available === 790 && ledger.orders.length === 11)
  await before.database.sql`update stock.installation set epoch = 'renewed'`
  await until(() => page.states.includes('restarted') && ledger.states.includes('restarted'))
  await until(() => page.available === 790)
  expect(page.states).toEqual(['reconnecting', 'live', 'restarted', 'live'])
  await allocate(before, { orderId: 'next', sku: 'lamp', quantity: 1 })
  await until(() => page.available === 789 && ledger.orders.length === 12)
})
