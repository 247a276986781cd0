/** Sends the same operation id twice, in characters of three bytes each, at the limits of an id and beyond that of a close reason. */
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
