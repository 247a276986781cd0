/** The console as a user sees it after the first start of the server. */
import type { GraphQLObjectType } from 'graphql'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSchema } from '../../src/graphql/schema.ts'
import { seed } from '../../src/operations/seed.ts'
import { EXAMPLES } from '../../src/web/console-examples.ts'
import { chromiumPath } from '../support/browser.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate } from '../support/operations.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand()
  await seed(onhand.dispatch, new Date())
})

afterAll(() => onhand.close())

test('/, /console and, in a browser, /graphql redirect to it', async () => {
  for (const path of ['/', '/console', '/graphql']) {
    const response = await fetch(`${onhand.url}${path}`, { headers: { accept: 'text/html' } })
    expect(response.url).toBe(`${onhand.url}/console/`)
    expect(response.status).toBe(200)
  }
})

describe.skipIf(chromiumPath === undefined)('in Chromium', () => {
  let browser: Browser
  let page: Page
  let complaints: string[]
  let elsewhere: string[]

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath as string, args: ['--no-sandbox'] })
  })

  afterAll(() => browser.close())

  beforeEach(async () => {
    complaints = []
    elsewhere = []
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith(onhand.url) && !/^(data|blob):/.test(request.url()))
        elsewhere.push(request.url())
    })
    await page.goto(onhand.url)
    await windows().first().waitFor()
  })

  afterEach(() => page.close())

  const windows = () => page.locator('.window-switcher__item')
  const visible = (text: string | RegExp) => page.getByText(text).and(page.locator(':visible')).first()

  /** Opens the window and sends its query. */
  async function send(name: string): Promise<void> {
    await windows().getByText(name, { exact: true }).click()
    await page.locator('button:visible', { hasText: 'Send Request' }).first().click()
  }

  test('has an example of every operation, and loads nothing from elsewhere', async () => {
    const shown = (await windows().allInnerTexts()).map((text) => text.split('\n', 1)[0])
    expect(shown.slice(0, EXAMPLES.length)).toEqual(EXAMPLES.map(({ name }) => name))
    const text = EXAMPLES.map(({ query }) => query).join('\n')
    for (const root of ['Query', 'Mutation', 'Subscription']) {
      const fields = Object.keys((createSchema().getType(root) as GraphQLObjectType).getFields())
      for (const field of fields) expect(text).toMatch(new RegExp(`\\b${field}\\b`))
    }
    expect(complaints).toEqual([])
    expect(elsewhere).toEqual([])
  })

  test('each example works as described', async () => {
    let orders = 0
    for (const { name } of EXAMPLES) {
      await send(name)
      // The ledger shows only new movements, so create one.
      await until(async () => {
        if (name === '⚡ Ledger') {
          orders += 1
          await allocate(onhand, { orderId: `ledger-${orders}`, sku: WATCHED, quantity: 1 })
        }
        return visible('"data"').isVisible()
      })
      expect(await page.locator(':visible', { hasText: '"errors"' }).count()).toBe(0)
    }
    expect(complaints).toEqual([])
    expect(elsewhere).toEqual([])
  })

  test('a subscription shows changes by other clients as they happen', async () => {
    const { product } = await onhand.gql(`{ product(sku: "${WATCHED}") { available } }`)
    await send('⚡ Product')
    await visible('"availabilityChanged"').waitFor()
    await allocate(onhand, { orderId: 'elsewhere', sku: WATCHED, quantity: 7 })
    await visible(String(product.available - 7)).waitFor()
  })
})

/** The first product of the example. */
const WATCHED = 'alarm-clock-bakelike-green'
