/** Limits the connections per address, whatever they are used for, so that one address cannot use up all connections. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { ClientAddressOf } from './client-address.ts'
import { refuseRaw } from './raw-refusal.ts'

/** Connections of this machine and of trusted proxies are not limited: see `createClientAddress`. */
export function limitConnections(server: Server, mostPerAddress: number, addressOf: ClientAddressOf): void {
  const counts = new Map<string, number>()
  const admitted = new WeakSet<Socket>()
  const serve = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  server.removeAllListeners('connection')

  function isAdmitted(socket: Socket): boolean {
    // `continueWithoutUpgrade` emits a connection a second time.
    if (admitted.has(socket)) return true
    const address = addressOf({ headers: {}, socket })
    if (address === null) return true
    const count = counts.get(address) ?? 0
    if (count >= mostPerAddress) return false
    counts.set(address, count + 1)
    admitted.add(socket)
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1
      if (left === 0) counts.delete(address)
      else counts.set(address, left)
    })
    return true
  }

  server.on('connection', (socket: Socket) => {
    if (isAdmitted(socket)) for (const listener of serve) listener.call(server, socket)
    else refuseRaw(socket.resume(), 429, 'There are too many connections from your address.')
  })
}
