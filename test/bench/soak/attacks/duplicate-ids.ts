/** The same operation id twice, in characters of three bytes each: as long as an id may be, and longer than a close reason may be. */
import { LiveSocket } from '../../../support/live-socket.ts'
import { until } from '../../../support/until.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const QUERY = 'subscription { projectionProgressed { name } }'
const IDS = ['庫'.repeat(30), '庫'.repeat(32), '庫'.repeat(500)]

export const duplicateIds: Client = ({ url }, signal) =>
  repeatedly(signal, 1000, async (note) => {
    for (const id of IDS) {
      const socket = await LiveSocket.open(url)
      socket.subscribe(id, QUERY)
      socket.subscribe(id, QUERY)
      const { code } = await until(() => socket.closed)
      note(`closed with ${code}`)
    }
  })
