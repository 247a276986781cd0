/** Opens connections that never send `connection_init`, and connections that violate the protocol. */
import { RawSocket } from '../../../support/raw-socket.ts'
import { until } from '../../../support/until.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const UNWANTED = [
  '{nope',
  '{"type":"shout"}',
  '{"id":"a","type":"subscribe","payload":{"query":"subscription { stockMoved { sku } }"}}',
  `{"type":"ping","payload":{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
  'x'.repeat(66_000),
]

export const silentSockets: Client = ({ url }, signal) =>
  repeatedly(signal, 1000, async (note) => {
    const silent = await Promise.all(Array.from({ length: 5 }, () => RawSocket.open(url)))
    for (const message of UNWANTED) {
      const raw = await RawSocket.open(url)
      raw.send(message)
      note(`closed with ${await until(() => raw.closeCode)}`)
      raw.socket.destroy()
    }
    for (const raw of silent) {
      note(`closed with ${await until(() => raw.closeCode)}`)
      raw.socket.destroy()
    }
  })
