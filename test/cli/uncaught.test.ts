/** An uncaught error is logged and ends the process in an orderly way. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { LiveSocket } from '../support/live-socket.ts'
import { readMetric } from '../support/metrics.ts'
import { startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})

afterAll(() => database.drop())

/** Plants a bug that a signal triggers. */
const planted = (bug: string) =>
  `--import=data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2',()=>{${bug}})`)}`

test.each([
  ['an exception', `throw new Error('planted')`],
  ['a rejection that nobody handles', `Promise.reject(new Error('planted'))`],
])('%s', async (_, bug) => {
  const server = await startServer({
    databaseUrl: database.url,
    environment: { NODE_OPTIONS: planted(bug), DRAIN_SECONDS: '1', LOG_LEVEL: 'silent' },
  })
  const socket = await LiveSocket.open(server.url)
  process.kill(server.pid, 'SIGUSR2')
  await until(async () => (await readMetric(server.url, 'onhand_uncaught_errors_total')) === 1)
  expect(await until(() => socket.closed)).toMatchObject({ code: 1012 })
  expect(await server.kill('SIGCONT')).toEqual({ code: 1, signal: null })
})
