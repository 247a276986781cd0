/** Clients' input never becomes a metric label: it is unbounded and can be private. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand()
})

afterAll(() => onhand.close())

const metrics = async () => (await fetch(`${onhand.url}/metrics`)).text()

test('live operations are counted by root field', async () => {
  const secrets = ['secret-order', 'secret-sku', 'secretAlias', 'SecretName']
  const subscriptions = [
    onhand.subscribe(
      'subscription SecretName { allocationChanged(orderId: "secret-order") { secretAlias: id } }',
    ),
    onhand.subscribe('subscription { allocationChanged(orderId: "other-order") { id } }'),
    onhand.subscribe('subscription { availabilityChanged(skus: ["secret-sku"]) { sku } }'),
  ]
  void subscriptions[2]?.next().catch(() => {})
  await Promise.all(subscriptions.slice(0, 2).map((one) => one.next()))
  await until(async () => (await readMetric(onhand.url, 'onhand_live_watchers')) === 3)
  expect(await readMetric(onhand.url, 'onhand_live_watchers{operation="allocationChanged"}')).toBe(2)
  expect(await readMetric(onhand.url, 'onhand_live_watchers{operation="availabilityChanged"}')).toBe(1)
  await onhand.gql('query SecretName($id: ID!) { secretAlias: order(id: $id) { id } }', {
    id: 'secret-order',
  })
  const text = await metrics()
  for (const secret of secrets) expect(text).not.toContain(secret)
  for (const one of subscriptions.slice(0, 2)) await one.end()
})

test('close codes that clients invent count as one', async () => {
  for (const code of [3000, 3001, 4242, 4999]) {
    const ws = new WebSocket(`${onhand.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    await once(ws, 'open')
    ws.close(code)
    await once(ws, 'close')
  }
  await until(async () => (await readMetric(onhand.url, 'onhand_sockets_closed_total{code="other"}')) === 4)
  expect(await metrics()).not.toMatch(/code="(3|42|49)/)
})
