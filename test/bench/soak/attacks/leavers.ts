/** Disconnects before the stream or the answer has started. */
import { once } from 'node:events'
import { request } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

export const leavers: Client = ({ url, skus }, signal) =>
  repeatedly(signal, 500, async (note, nth) => {
    for (const accept of ['text/event-stream', 'application/json']) {
      const sent = request(`${url}/graphql`, {
        method: 'POST',
        headers: { accept, 'content-type': 'application/json' },
        agent: false,
      })
      sent.on('error', () => {})
      const sku = skus[nth % skus.length]
      const query = accept.includes('stream')
        ? `subscription { availabilityChanged(skus: ["${sku}", "left ${nth}"]) { sku } }`
        : `{ product(sku: "${sku}", consistentWith: "latest") { available } }`
      sent.end(JSON.stringify({ query }))
      await once(sent, 'finish')
      for (let turns = 0; turns < nth % 5; turns += 1) await turn()
      sent.destroy()
      note('gone')
    }
  })
