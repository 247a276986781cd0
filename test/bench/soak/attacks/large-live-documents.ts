/** Holds live operations whose documents need far more memory than their text. */
import { LiveSocket } from '../../../support/live-socket.ts'
import { largeSubscription } from '../../../support/large-documents.ts'
import { pause, repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const OPERATIONS = 20

export const largeLiveDocuments: Client = ({ url }, signal) =>
  repeatedly(signal, 2000, async (note, nth) => {
    const socket = await LiveSocket.open(url)
    for (let at = 0; at < OPERATIONS; at += 1)
      socket.subscribe(String(at), largeSubscription(nth * OPERATIONS + at))
    await pause(5000, signal)
    for (const { type, payload } of socket.messages)
      if (type === 'error') note((payload as never)[0]['extensions']['code'])
    note(socket.closed === null ? 'held' : `closed with ${socket.closed.code}`)
    await socket.close()
  })
