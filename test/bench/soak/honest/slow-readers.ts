/** Pages on bad networks: they alternate between reading and not reading. They must not be disconnected or get an older state. */
import { LiveSocket } from '../../../support/live-socket.ts'
import { until } from '../../../support/until.ts'
import { pause, repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const QUERY =
  'subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { sku version available batches { reference available } } }'
const STALL_MS = 2000
const STALLS = 5

export const slowReaders: Client = ({ url, skus }, signal) =>
  repeatedly(signal, 500, async (note) => {
    const socket = await LiveSocket.open(url)
    socket.subscribe('a', QUERY, { variables: { skus } })
    for (let stall = 0; stall < STALLS; stall += 1) {
      await pause(STALL_MS, signal)
      socket.stall()
      await pause(STALL_MS, signal)
      socket.resume()
    }
    if (signal.aborted) return socket.close()
    await until(() => socket.closed !== null || socket.results('a').length >= skus.length)
    note(socket.closed === null ? 'served' : `closed with ${socket.closed.code}`)
    if (!rises(socket)) note('got an older state')
    await socket.close()
  })

function rises(socket: LiveSocket): boolean {
  const last = new Map<string, bigint>()
  return socket.results('a').every(({ data }) => {
    const { sku, version } = data.availabilityChanged as { sku: string; version: string }
    const isNewer = BigInt(version) > (last.get(sku) ?? -1n)
    last.set(sku, BigInt(version))
    return isNewer
  })
}
