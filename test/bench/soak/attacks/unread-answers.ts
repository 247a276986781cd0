/** Pipelines requests with large answers, and never reads them. */
import { openRaw } from '../../../support/raw-http.ts'
import { pause, repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const FIELDS = 'sku status onHand allocated available incoming version batches { reference available }'
const search = encodeURIComponent(`{ products(first: 50) { nodes { ${FIELDS} } } }`)
const request = `GET /graphql?query=${search} HTTP/1.1\r\nhost: localhost\r\n\r\n`

export const unreadAnswers: Client = ({ url }, signal) =>
  repeatedly(signal, 2000, async (note) => {
    const sockets = await Promise.all(Array.from({ length: 5 }, () => openRaw(url)))
    for (const socket of sockets) {
      socket.on('error', () => {}).pause()
      socket.write(request.repeat(17))
    }
    await pause(8000, signal)
    for (const socket of sockets) {
      note(socket.destroyed ? 'cut off' : 'left')
      socket.destroy()
    }
  })
