/** Which host names the server accepts, over HTTP and for WebSocket upgrades. */
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sendRaw } from '../support/raw-http.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'

let onhand: TestOnhand
let named: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand()
  named = await startTestOnhand({
    config: { host: '0.0.0.0', allowedHosts: ['shop.example', 'api.example:8080'], production: true },
    database: onhand.database,
  })
})

afterAll(async () => {
  await named.close()
  await onhand.close()
})

const BODY = '{"query":"{ __typename }"}'

const ask = (url: string, host: string | null, path = '/graphql', version = '1.1') =>
  sendRaw(
    url,
    `POST ${path} HTTP/${version}\r\n${host === null ? '' : `host: ${host}\r\n`}origin: http://${host}\r\nconnection: close\r\n` +
      `content-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
  )

/** The status of the response to an upgrade: 101 if it is accepted. */
async function upgrade(
  url: string,
  host: string,
  origin = `http://${host.toLowerCase()}`,
): Promise<number | undefined> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers: { host, origin },
  })
  ws.on('error', () => {})
  const answer = await Promise.race([
    once(ws, 'open').then(() => 101),
    once(ws, 'unexpected-response').then(([, { statusCode }]) => statusCode as number),
  ])
  ws.terminate()
  return answer
}

describe('on a loopback address', () => {
  const port = () => new URL(onhand.url).port

  test.each(['localhost', 'LocalHost', '127.0.0.1', '127.8.9.1', '[::1]'])('%s is accepted', async (name) => {
    for (const host of [name, `${name}:${port()}`]) {
      expect(await ask(onhand.url, host)).toMatchObject({ status: 200 })
      expect(await upgrade(onhand.url, host)).toBe(101)
    }
  })

  test.each([
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
  ])('%s is rejected, even from a page of the same host (DNS rebinding)', async (host) => {
    for (const path of ['/graphql', '/healthz', '/metrics', '/console/', '/nothing']) {
      const answer = await ask(onhand.url, host, path)
      expect(answer).toMatchObject({
        status: 421,
        body: { errors: [{ extensions: { code: 'BAD_USER_INPUT', retryable: false } }] },
      })
      expect(answer?.body.errors[0].message).toContain(host)
      expect(answer?.body.errors[0].message).toContain('ALLOWED_HOSTS')
    }
    expect(await upgrade(onhand.url, host)).toBe(421)
  })

  test('names in ALLOWED_HOSTS are accepted, with any port unless it names one', async () => {
    for (const host of ['shop.example', 'SHOP.example:81', 'api.example:8080', 'localhost'])
      expect(await ask(named.url.replace('0.0.0.0', '127.0.0.1'), host)).toMatchObject({ status: 200 })
    for (const host of ['api.example', 'evil.example'])
      expect(await ask(named.url.replace('0.0.0.0', '127.0.0.1'), host)).toMatchObject({ status: 421 })
  })

  test('all names are accepted with ALLOWED_HOSTS=*', async () => {
    const open = await startTestOnhand({ config: { allowedHosts: ['*'] }, database: onhand.database })
    expect(await ask(open.url, 'anything.example')).toMatchObject({ status: 200 })
    await open.close()
  })
})

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address

test.skipIf(outside === undefined)('on another address every name is accepted', async () => {
  const url = named.url.replace('0.0.0.0', outside as string)
  expect(await ask(url, 'whatever.example')).toMatchObject({ status: 200 })
})

describe('an invalid host', () => {
  test.each([
    'a b',
    'a/b',
    'user@localhost',
    'localhost:',
    'localhost:x',
    '[::zz]',
    '999.1.1.1',
    '',
    '<script>',
  ])('"%s" is rejected', async (host) => {
    const answer = await ask(onhand.url, host)
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ message: expect.any(String) }] } })
    expect(await ask(onhand.url, host, '/healthz')).toMatchObject({ status: 400 })
  })

  test.each(['1.0', '1.1'])('a request over HTTP/%s without a host is rejected', async (version) => {
    const answer = await ask(onhand.url, null, '/graphql', version)
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: [{ message: expect.stringContaining('Host') }] },
    })
  })
})

describe('pages of the visitor’s own machine', () => {
  const preflight = async ({ url }: TestOnhand, origin: string) => {
    const { headers } = await fetch(`${url.replace('0.0.0.0', '127.0.0.1')}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    return headers.get('access-control-allow-origin')
  }

  test('are allowed in development', async () => {
    expect(await preflight(onhand, 'http://localhost:5173')).toBe('http://localhost:5173')
    expect(await upgrade(onhand.url, 'localhost', 'http://localhost:5173')).toBe(101)
  })

  test('are not allowed in production', async () => {
    expect(await preflight(named, 'http://localhost:5173')).toBeNull()
    const url = named.url.replace('0.0.0.0', '127.0.0.1')
    expect(await upgrade(url, 'localhost', 'http://localhost:5173')).toBe(403)
    // Pages of the server itself are allowed.
    expect(await upgrade(url, 'localhost:4000')).toBe(101)
  })
})
