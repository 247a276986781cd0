/** Sends `connection_init` with a payload that needs far more memory than its text, on many connections. */
import { RawSocket, messageFrame } from '../../../support/raw-socket.ts'
import { until } from '../../../support/until.ts'
import { pause, repeatedly } from '../client.ts'
import type { Client } from '../client.ts'

const greeting = messageFrame({
  type: 'connection_init',
  payload: { junk: Array.from({ length: 20_000 }, () => []) },
})

export const largeGreetings: Client = ({ url }, signal) =>
  repeatedly(signal, 2000, async (note) => {
    const raws = await Promise.all(Array.from({ length: 20 }, () => RawSocket.open(url)))
    for (const { socket } of raws) socket.write(greeting)
    for (const raw of raws) note((await until(() => raw.texts()[0])).slice(0, 24))
    await pause(3000, signal)
    for (const { socket } of raws) socket.destroy()
  })
