/** A server that stops disconnects its live clients one by one, so that they do not all reconnect at once. */
import { expect, test } from 'vitest'
import { LiveSocket } from '../support/live-socket.ts'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import { createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

const QUERY = 'subscription { availabilityChanged(skus: ["lamp"]) { available } }'

test('with DRAIN_SECONDS, readiness fails first, sockets close with 1012 one by one, and clients that come back are served from memory', async () => {
  const onhand = await startTestOnhand({ config: { drainSeconds: 2 } })
  await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 7 })
  const sockets = await Promise.all(Array.from({ length: 40 }, () => LiveSocket.open(onhand.url)))
  for (const socket of sockets) socket.subscribe('a', QUERY)
  await until(() => sockets.every((socket) => socket.results('a').length === 1))
  const executions = await readMetric(onhand.url, 'onhand_executions_total')

  const closing = onhand.close()
  await until(async () => (await fetch(`${onhand.url}/readyz`)).status === 503)
  await until(() => sockets.some(({ closed }) => closed !== null))
  expect(sockets.filter(({ closed }) => closed === null).length).toBeGreaterThan(20)
  const back = await LiveSocket.open(onhand.url)
  back.subscribe('a', QUERY)
  await until(() => back.results('a').length === 1)
  expect(back.results('a')).toEqual(sockets[0]?.results('a'))
  expect(await readMetric(onhand.url, 'onhand_executions_total')).toBe(executions)

  await closing
  await until(() => sockets.every(({ closed }) => closed !== null))
  expect(new Set(sockets.map(({ closed }) => closed?.code))).toEqual(new Set([1012]))
  expect(await until(() => back.closed)).toMatchObject({ code: 1001 })
})

test('without DRAIN_SECONDS, sockets close at once with 1001', async () => {
  const onhand = await startTestOnhand()
  const socket = await LiveSocket.open(onhand.url)
  const startedAt = performance.now()
  await onhand.close()
  expect(performance.now() - startedAt).toBeLessThan(20_000)
  expect(await until(() => socket.closed)).toMatchObject({ code: 1001 })
})

test('a client that does not close its side does not delay the shutdown', async () => {
  const onhand = await startTestOnhand()
  const socket = await LiveSocket.open(onhand.url)
  socket.stall()
  const startedAt = performance.now()
  await onhand.close()
  expect(performance.now() - startedAt).toBeLessThan(20_000)
  socket.resume()
  await until(() => socket.closed)
})
