/** A slow client affects only itself: its backlog is bounded. */
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { LiveSocket } from '../support/live-socket.ts'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand
let sockets: LiveSocket[] = []
let orders = 0

beforeAll(async () => {
  onhand = await startTestOnhand()
  for (const sku of ['lamp', 'table']) {
    for (let batch = 0; batch < 40; batch += 1) {
      const reference = `${sku}-${batch}-${'x'.repeat(200)}`
      await createBatch(onhand, {
        reference,
        sku,
        quantity: batch === 0 ? 1_000_000 : 1,
        eta: batch === 0 ? null : '2030-01-01',
      })
    }
  }
})

afterAll(() => onhand.close())

afterEach(async () => {
  for (const socket of sockets) await socket.close()
  sockets = []
})

async function connect(): Promise<LiveSocket> {
  const socket = await LiveSocket.open(onhand.url)
  sockets.push(socket)
  return socket
}

/** Some 100 KB per result, so that the kernel's buffers fill soon. */
const STATE = `subscription ($sku: ID!) { availabilityChanged(skus: [$sku]) { sku available version
  ${Array.from({ length: 10 }, (_, at) => `b${at}: batches { reference }`).join(' ')} } }`
const LEDGER = `subscription { stockMoved { position sku ${Array.from({ length: 14 }, (_, at) => `a${at}: batchReference`).join(' ')} } }`

/** Changes the product so many times. */
async function change(sku: string, times: number): Promise<void> {
  const changes = Array.from({ length: times }, () => {
    orders += 1
    return allocate(onhand, { orderId: `o${orders}`, sku, quantity: 1 })
  })
  await Promise.all(changes)
}

const available = async (sku: string): Promise<number> =>
  (await onhand.gql(`{ product(sku: "${sku}", consistentWith: "latest") { available } }`)).product.available

test('a slow client gets the latest state, all others get every state, and versions rise', async () => {
  const [stalled, quick] = [await connect(), await connect()]
  for (const client of [stalled, quick]) {
    client.subscribe('lamp', STATE, { variables: { sku: 'lamp' } })
    client.subscribe('table', STATE, { variables: { sku: 'table' } })
    await until(() => client.results('lamp').length === 1 && client.results('table').length === 1)
  }
  stalled.stall()
  const conflated = await readMetric(onhand.url, 'onhand_conflated_total')
  do {
    await change('lamp', 20)
    await change('table', 4)
  } while ((await readMetric(onhand.url, 'onhand_conflated_total')) < conflated + 20)
  const [lamps, tables] = [await available('lamp'), await available('table')]
  const last = (client: LiveSocket, sku: string) =>
    client.results(sku).at(-1)?.data.availabilityChanged.available
  await until(() => last(quick, 'lamp') === lamps && last(quick, 'table') === tables)
  stalled.resume()
  await until(() => last(stalled, 'lamp') === lamps && last(stalled, 'table') === tables)
  expect(stalled.results('lamp').length).toBeLessThan(quick.results('lamp').length)
  for (const client of [stalled, quick]) {
    const versions = client.results('lamp').map(({ data }) => Number(data.availabilityChanged.version))
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b))
  }
})

test('no movement is left out: a slow client is disconnected with 1013, and resumes', async () => {
  const [stalled, quick] = [await connect(), await connect()]
  for (const client of [stalled, quick]) {
    client.subscribe('a', LEDGER)
    client.subscribe('b', STATE, { variables: { sku: 'lamp' } })
    await until(() => client.results('b').length === 1)
  }
  await change('lamp', 1)
  await until(() => stalled.results('a').length === 1)
  stalled.stall()
  await until(async () => {
    await change('lamp', 50)
    return (await readMetric(onhand.url, 'onhand_sockets_closed_total{code="1013"}')) === 1
  })
  stalled.resume()
  expect(await until(() => stalled.closed)).toEqual({ code: 1013, reason: 'slow consumer' })

  const cursor = stalled.results('a').at(-1)?.extensions?.cursor
  const again = await connect()
  again.subscribe('a', LEDGER, { extensions: { after: cursor } })
  const positions = (client: LiveSocket) => client.results('a').map(({ data }) => data.stockMoved.position)
  await until(() => positions(again).at(-1) === positions(quick).at(-1))
  expect([...positions(stalled), ...positions(again)]).toEqual(positions(quick))
})

test('after the client has closed its side, its backlog is dropped', async () => {
  const stalled = await connect()
  const { _socket: raw } = stalled.ws as unknown as { _socket: Socket }
  const received: Buffer[] = []
  raw.on('data', (data: Buffer) => received.push(data))
  stalled.subscribe('lamp', STATE, { variables: { sku: 'lamp' } })
  await until(() => stalled.results('lamp').length === 1)
  stalled.stall()
  const conflated = await readMetric(onhand.url, 'onhand_conflated_total')
  do await change('lamp', 20)
  while ((await readMetric(onhand.url, 'onhand_conflated_total')) < conflated + 20)
  stalled.ws.close()
  await change('lamp', 20)
  stalled.resume()
  await until(() => stalled.closed)
  const kinds = opcodesOf(Buffer.concat(received))
  expect(kinds.filter((kind) => kind === CLOSE)).toHaveLength(1)
  expect(kinds.at(-1)).toBe(CLOSE)
})

const CLOSE = 8

/** The opcode of each WebSocket frame that a server has sent. */
function opcodesOf(bytes: Buffer): number[] {
  const opcodes: number[] = []
  for (let at = 0; at < bytes.length;) {
    opcodes.push(bytes.readUInt8(at) & 15)
    const length = bytes.readUInt8(at + 1)
    if (length < 126) at += 2 + length
    else at += length === 126 ? 4 + bytes.readUInt16BE(at + 2) : 10 + Number(bytes.readBigUInt64BE(at + 2))
  }
  return opcodes
}
