/** Pipelines requests for streams on a connection, and disconnects before they are answered. */
import { once } from 'node:events'
import { openRaw, streamRequest } from '../../../support/raw-http.ts'
import { repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

export const pipelinedStreams: Client = ({ url, skus }, signal) =>
  repeatedly(signal, 1000, async (note) => {
    const request = streamRequest(`subscription { availabilityChanged(skus: ["${skus[0]}"]) { sku } }`)
    const sockets = await Promise.all(Array.from({ length: 5 }, () => openRaw(url)))
    await Promise.all(
      sockets.map(async (socket) => {
        socket.on('error', () => {})
        socket.write(request.repeat(10))
        const [data] = (await once(socket, 'data')) as [Buffer]
        note(String(data).slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
        socket.destroy()
      }),
    )
  })
