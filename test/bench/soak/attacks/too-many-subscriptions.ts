/** Sends more operations on one connection than the limit, as fast as possible. */
import { LiveSocket } from '../../../support/live-socket.ts'
import { until } from '../../../support/until.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const ATTEMPTS = 500

export const tooManySubscriptions: Client = ({ url }, signal) =>
  repeatedly(signal, 3000, async (note) => {
    const socket = await LiveSocket.open(url)
    for (let at = 0; at < ATTEMPTS; at += 1) socket.subscribe(`${at}`, 'subscription { stockMoved { sku } }')
    const errors = await until(() => {
      const found = socket.messages.filter(({ type }) => type === 'error')
      return found.length >= ATTEMPTS - 20 && found
    })
    for (const { payload } of errors) note((payload as never)[0]['extensions']['code'])
    await socket.close()
  })
