/** The number of connections per address is limited, whatever they are used for. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { parseRaw } from '../support/raw-http.ts'
import { until } from '../support/until.ts'

/** An address of this machine that is not loopback, because connections from loopback are not limited. */
const ADDRESS = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

let onhand: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand({ config: { host: '0.0.0.0', maxConnectionsPerAddress: 2 } })
})

afterAll(() => onhand.close())

async function open(host: string): Promise<Socket> {
  const socket = connect(Number(new URL(onhand.url).port), host)
  await once(
    socket.on('error', () => {}),
    'connect',
  )
  return socket
}

const REQUEST = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'

async function isServed(socket: Socket): Promise<void> {
  socket.write(REQUEST)
  const [data] = (await once(socket, 'data')) as [Buffer]
  expect(String(data)).toContain('HTTP/1.1 200')
}

test.skipIf(ADDRESS === undefined)(
  'further connections are rejected, and other addresses are served',
  async () => {
    const [first, second] = [await open(ADDRESS as string), await open(ADDRESS as string)]
    for (const socket of [first, second]) await isServed(socket)
    expect(parseRaw(await text(await open(ADDRESS as string)))).toMatchObject({
      status: 429,
      body: { errors: [{ extensions: { code: 'RATE_LIMITED', retryable: true } }] },
    })
    const own = await Promise.all(Array.from({ length: 5 }, () => open('127.0.0.1')))
    for (const socket of own) await isServed(socket)
    for (const socket of [first, second]) await isServed(socket)
    first.destroy()
    await until(async () => {
      const socket = await open(ADDRESS as string)
      socket.write(REQUEST)
      const [data] = (await once(socket, 'data')) as [Buffer]
      socket.destroy()
      return String(data).includes('HTTP/1.1 200')
    })
    for (const socket of [second, ...own]) socket.destroy()
  },
)
