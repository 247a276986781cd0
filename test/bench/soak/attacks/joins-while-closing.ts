/** Subscribes on a connection that the server is closing, or that the client closes in the same packet. */
import { RawSocket, frame, subscribeFrame } from '../../../support/raw-socket.ts'
import { until } from '../../../support/until.ts'
import { repeatedly } from '../client.ts'
import type { Client, Target } from '../client.ts'

const CLOSE = frame(Buffer.from([3, 232]), { opcode: 8 })

export const joinsWhileClosing: Client = (target, signal) =>
  repeatedly(signal, 1000, async (note, nth) => {
    const more = Array.from({ length: 15 }, (_, at) =>
      subscribeFrame(`more ${at}`, queryOf(target, nth * 15 + at)),
    )
    const twice = [subscribeFrame('a', queryOf(target, nth)), subscribeFrame('a', queryOf(target, nth))]
    for (const ending of [twice, [CLOSE]]) {
      const raws = await Promise.all(Array.from({ length: 5 }, () => RawSocket.ready(target.url)))
      for (const { socket } of raws) socket.write(Buffer.concat([...ending, ...more]))
      for (const raw of raws) note(`closed with ${await until(() => raw.closeCode)}`)
      for (const { socket } of raws) socket.destroy()
    }
  })

/** Every round uses another operation, so that each leaked group would show. */
const queryOf = ({ skus }: Target, nth: number): string =>
  `subscription { availabilityChanged(skus: ["${skus[nth % skus.length]}", "nonesuch ${nth}"]) { sku available } }`
