/** Follows wide ledgers, and does not read. What backs up is limited, so the server ends it with 1013. */
import { LiveSocket } from '../../../support/live-socket.ts'
import { until } from '../../../support/until.ts'
import { pause, repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const STALL_MS = 25_000
const wide = Array.from({ length: 15 }, (_, at) => `a${at}: reference`).join(' ')

export const stalledLedgers: Client = ({ url }, signal) =>
  repeatedly(signal, 1000, async (note) => {
    const socket = await LiveSocket.open(url)
    socket.stall()
    for (let at = 0; at < 20; at += 1) socket.subscribe(`${at}`, `subscription { stockMoved { ${wide} } }`)
    await pause(STALL_MS, signal)
    socket.resume()
    if (signal.aborted) return socket.close()
    note(`closed with ${(await until(() => socket.closed)).code}`)
  })
