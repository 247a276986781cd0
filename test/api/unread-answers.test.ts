/** Clients that do not read their answers use bounded memory, and other clients are served. */
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { createBatch } from '../support/operations.ts'
import { openRaw } from '../support/raw-http.ts'
import { until } from '../support/until.ts'

const LIMIT_MB = 16
const SHARE = LIMIT_MB * 1024 * 1024 * 0.08
/** Four answers fit into the share. What they leave is less than one client's limit. */
const BATCHES = 27

let onhand: TestOnhand
/** A server that never disconnects clients for unread answers; requests fail instead. */
let patient: TestOnhand
let sockets: Socket[] = []

beforeAll(async () => {
  const config = { clientMemoryMb: LIMIT_MB }
  onhand = await startTestOnhand({ config })
  const { database } = onhand
  patient = await startTestOnhand({ config, database, unreadPatienceMs: 3_600_000 })
  for (let nth = 0; nth < BATCHES; nth += 1)
    await createBatch(onhand, { reference: `${'批'.repeat(248)}${nth}`, sku: 'lamp', quantity: 1 })
})

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets = []
})

afterAll(async () => {
  await patient.close()
  await onhand.close()
})

const kept = ({ url }: TestOnhand) => readMetric(url, 'onhand_client_memory_bytes{kept="unreadAnswers"}')
const answers = ({ url }: TestOnhand) => readMetric(url, 'onhand_http_answers_total')

const request = (query: string): string => {
  const body = JSON.stringify({ query })
  return `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
const names = Array.from({ length: 14 }, (_, at) => `a${at}: reference`).join(' ')
/** A query of a few hundred bytes with an answer of 300 KB. */
const large = (name: string) =>
  request(`{ ${name}: product(sku: "lamp") { batches(first: ${BATCHES}) { reference ${names} } } }`)

/** A client that sends as many requests as can wait on one connection, and reads nothing. */
async function stalled({ url }: TestOnhand): Promise<Socket> {
  const socket = await openRaw(url)
  sockets.push(socket)
  socket.on('error', () => {}).pause()
  socket.write(Array.from({ length: 17 }, (_, nth) => large(`n${nth}`)).join(''))
  return socket
}

async function ask({ url }: TestOnhand): Promise<{ status: number; body: any }> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ product(sku: \\"lamp\\") { sku } }"}',
  })
  return { status: response.status, body: await response.json() }
}

test('requests of one connection are executed one after another, and all are answered in order', async () => {
  const before = await answers(onhand)
  const socket = await stalled(onhand)
  await until(async () => (await kept(onhand)) > 0)
  // A request begins when the client has read the answer before it.
  expect(await kept(onhand)).toBeLessThan(1_000_000)
  expect((await answers(onhand)) - before).toBeLessThan(17)
  let received = ''
  socket
    .setEncoding('utf8')
    .on('data', (text: string) => (received += text))
    .resume()
  await until(() => received.includes('"n16":') && received.endsWith('}\n'))
  expect([...received.matchAll(/\{"data":\{"(n\d+)"/g)].map(([, name]) => name)).toEqual(
    Array.from({ length: 17 }, (_, nth) => `n${nth}`),
  )
  await until(async () => (await kept(onhand)) === 0)
})

test('a connection on which more than 16 requests wait is closed', async () => {
  const socket = await openRaw(onhand.url)
  sockets.push(socket)
  let received = ''
  socket.on('error', () => {}).on('data', (data) => (received += String(data)))
  socket.write(request('{ __typename }').repeat(40))
  await until(() => socket.destroyed || socket.closed)
  expect(received.split('"Query"').length - 1).toBeLessThan(40)
  expect((await ask(onhand)).status).toBe(200)
})

test('when the memory is used up, requests fail before they are executed', async () => {
  let most = 0
  await until(async () => {
    await stalled(patient)
    most = Math.max(most, await kept(patient))
    return (await ask(patient)).status !== 200
  })
  const executed = await answers(patient)
  expect(await ask(patient)).toEqual({
    status: 503,
    body: {
      errors: [
        {
          message: expect.stringContaining('answers unread'),
          extensions: { code: 'OVERLOADED', retryable: true },
        },
      ],
    },
  })
  expect(await answers(patient)).toBe(executed)
  expect(most).toBeLessThanOrEqual(SHARE)
  // Health and metrics are still served.
  expect((await fetch(`${patient.url}/healthz`)).status).toBe(200)
  for (const socket of sockets) socket.destroy()
  await until(async () => (await kept(patient)) === 0)
  expect((await ask(patient)).status).toBe(200)
})

test('a client that has left an answer unread for long is disconnected to free memory', async () => {
  for (let nth = 0; nth < 10; nth += 1) await stalled(onhand)
  await until(async () => (await kept(onhand)) > 0)
  for (let nth = 0; nth < 10; nth += 1) {
    await until(async () => (await ask(onhand)).status === 200)
    expect(await kept(onhand)).toBeLessThanOrEqual(SHARE)
  }
})
