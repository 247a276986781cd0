/** Subscribes to the whole ledger 20 times on one connection, each time with another operation, and disconnects halfway. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { pause, repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const OPERATIONS = 20

export const replayers: Client = ({ url }, signal) =>
  repeatedly(signal, 5000, async (note) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    let messages = 0
    ws.on('message', () => (messages += 1)).on('error', () => {})
    await once(ws, 'open')
    ws.send('{"type":"connection_init"}')
    await once(ws, 'message')
    for (let at = 0; at < OPERATIONS; at += 1) {
      const query = `subscription { stockMoved(after: "0") { a${at}: position sku type orderId } }`
      ws.send(JSON.stringify({ id: `${at}`, type: 'subscribe', payload: { query } }))
    }
    await pause(5000, signal)
    note(messages > OPERATIONS ? 'replayed' : 'kept waiting')
    ws.terminate()
  })
