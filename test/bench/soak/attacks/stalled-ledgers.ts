/**
 * Follows ledgers with large results, and does not read. The backlog is limited: beyond the buffers of the operating system, the server
 * closes the connection with 1013, or disconnects a client that does not read the close frame either.
 */
import { LiveSocket } from '../../../support/live-socket.ts'
import { until } from '../../../support/until.ts'
import { pause, repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const STALL_MS = 25_000
const WAIT_MS = 5000
const wide = Array.from({ length: 15 }, (_, at) => `a${at}: reference`).join(' ')

export const stalledLedgers: Client = ({ url }, signal) =>
  repeatedly(signal, 1000, async (note) => {
    const socket = await LiveSocket.open(url)
    socket.stall()
    for (let at = 0; at < 20; at += 1) socket.subscribe(`${at}`, `subscription { stockMoved { ${wide} } }`)
    await pause(STALL_MS, signal)
    socket.resume()
    if (signal.aborted) return socket.close()
    const closed = await until(() => socket.closed, WAIT_MS).catch(() => null)
    note(closed === null ? 'has caught up' : `closed with ${closed.code}`)
    await socket.close()
  })
