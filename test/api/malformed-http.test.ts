/** Malformed requests, endless requests, and offers of other protocols get an answer in JSON and are not logged. */
import { once } from 'node:events'
import { maxHeaderSize } from 'node:http'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { H2C_OFFER, MALFORMED_REQUESTS } from '../support/malformed-requests.ts'
import { openRaw, parseRaw, sendRaw } from '../support/raw-http.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand
const log: string[] = []

beforeAll(async () => {
  const logger = pino({ level: 'warn' }, { write: (line: string) => log.push(line) })
  onhand = await startTestOnhand({ logger })
})

afterAll(async () => {
  await onhand.close()
  expect(log).toEqual([])
})

const BODY = '{"query":"{ __typename }"}'
const refused = (status: number, words: string, retryable = false) => ({
  status,
  headers: expect.stringContaining('connection: close'),
  body: {
    errors: [{ message: expect.stringContaining(words), extensions: { code: 'BAD_USER_INPUT', retryable } }],
  },
})

describe('malformed', () => {
  test.each(MALFORMED_REQUESTS)('$why: 400', async ({ bytes }) => {
    expect(await sendRaw(onhand.url, bytes)).toMatchObject(refused(400, 'HTTP/1.1'))
  })

  test('too large headers: 431', async () => {
    const bytes = `GET /graphql HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(maxHeaderSize)}\r\n\r\n`
    expect(await sendRaw(onhand.url, bytes)).toMatchObject(refused(431, String(maxHeaderSize)))
  })

  test('after an answer, the connection is closed without bytes that could be taken for a part of the answer', async () => {
    const socket = await openRaw(onhand.url)
    socket.write(`GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    await once(socket, 'readable')
    const first = String(socket.read())
    expect(first).toContain('200 OK')
    socket.write('nonsense\r\n\r\n')
    expect(await text(socket)).toBe('')
  })
})

const POST = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'

describe('an endless chunked body', () => {
  test('sent slowly: 408 after 10 s', async () => {
    const socket = await openRaw(onhand.url)
    const answer = text(socket)
    socket.write(`${POST}transfer-encoding: chunked\r\n\r\n`)
    const drip = setInterval(() => socket.write('1\r\n \r\n'), 500)
    socket.once('close', () => clearInterval(drip))
    socket.on('error', () => {})
    expect(parseRaw(await answer)).toMatchObject(refused(408, 'in time', true))
  })

  test('sent quickly: 413 at 100 KB', async () => {
    const socket = await openRaw(onhand.url)
    socket.on('error', () => {})
    const chunk = `1000\r\n${' '.repeat(4096)}\r\n`
    socket.write(`${POST}transfer-encoding: chunked\r\n\r\n${chunk.repeat(26)}`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(parseRaw(String(answer))).toMatchObject({
      status: 413,
      body: { errors: [{ message: expect.any(String) }] },
    })
    socket.destroy()
  })
})

describe('an offer of a protocol other than WebSocket is ignored, and the request is answered', () => {
  test('as Java’s HttpClient and `curl --http2` send it, several times on one connection', async () => {
    const socket = await openRaw(onhand.url)
    let received = ''
    socket.on('data', (data) => (received += String(data)))
    const answered = (times: number) =>
      until(() => received.split('{"data":{"__typename":"Query"}}').length === times + 1)
    const query = encodeURIComponent('{ __typename }')
    socket.write(`GET /graphql?query=${query} HTTP/1.1\r\nhost: localhost\r\n${H2C_OFFER}\r\n`)
    await answered(1)
    socket.write(`${POST}${H2C_OFFER}content-length: ${BODY.length}\r\n\r\n${BODY}`)
    await answered(2)
    // The body arrives after the headers.
    socket.write(`${POST}${H2C_OFFER}content-length: ${BODY.length}\r\n\r\n${BODY.slice(0, 5)}`)
    setImmediate(() => socket.write(BODY.slice(5)))
    await answered(3)
    socket.write(`${POST}content-length: ${BODY.length}\r\n\r\n${BODY}`)
    await answered(4)
    expect(received.split('HTTP/1.1 200 OK')).toHaveLength(5)
    socket.destroy()
  })

  test('with other requests before and after it in the same packet', async () => {
    const ask = (name: string, offer = '') => {
      const body = JSON.stringify({ query: `{ ${name}: __typename }` })
      return `${POST}${offer}content-length: ${body.length}\r\n\r\n${body}`
    }
    const socket = await openRaw(onhand.url)
    let received = ''
    socket.on('data', (data) => (received += String(data)))
    const names = () => [...received.matchAll(/"data":\{"(\w+)"/g)].map(([, name]) => name)
    socket.write([ask('a'), ask('b', H2C_OFFER), ask('c'), ask('d', H2C_OFFER), ask('e')].join(''))
    await until(() => names().length >= 5)
    socket.write(ask('f'))
    await until(() => names().length >= 6)
    expect(names()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    socket.destroy()
  })

  test.each(['h2c', 'TLS/1.0', 'websocket, h2c', 'quic'])('%s on any path', async (offer) => {
    const bytes = `GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade, close\r\nupgrade: ${offer}\r\n\r\n`
    expect(await sendRaw(onhand.url, bytes)).toMatchObject({ status: 200, body: { status: 'ok' } })
  })
})

test('an expectation other than 100-continue: 417', async () => {
  const bytes = `${POST}expect: xyz\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`
  expect(await sendRaw(onhand.url, bytes)).toMatchObject(refused(417, '100-continue'))
})

test.each([
  { why: 'with POST', status: 405, line: 'POST /graphql', more: '' },
  { why: 'without a key', status: 400, line: 'GET /graphql', more: '' },
  { why: 'at another path', status: 404, line: 'GET /elsewhere', more: '' },
  {
    why: 'from a foreign origin',
    status: 403,
    line: 'GET /graphql',
    more: 'origin: https://evil.example\r\n',
  },
])('an upgrade to WebSocket $why: $status', async ({ status, line, more }) => {
  const bytes = `${line} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n${more}\r\n`
  expect(await sendRaw(onhand.url, bytes)).toMatchObject({
    status,
    body: { errors: [{ message: expect.any(String), extensions: { retryable: false } }] },
  })
})

test('without `accept`, the answer is JSON; with only unsupported types, 406', async () => {
  const head = `${POST}connection: close\r\ncontent-length: ${BODY.length}\r\n`
  const answer = await sendRaw(onhand.url, `${head}\r\n${BODY}`)
  expect(answer).toMatchObject({ status: 200, body: { data: { __typename: 'Query' } } })
  expect(answer?.headers).toContain('content-type: application/json; charset=utf-8')
  const none = await sendRaw(onhand.url, `${head}accept: image/png\r\n\r\n${BODY}`)
  expect(none).toMatchObject({ status: 406, body: { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] } })
})
