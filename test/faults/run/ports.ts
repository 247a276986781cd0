import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

const FIRST = 12_000
const COUNT = 8000

/**
 * Finds a free port below the range for outgoing connections. One of these could take the port while its server is down.
 */
export async function stablePort(): Promise<number> {
  for (;;) {
    const server = createServer()
    server.listen(FIRST + Math.floor(Math.random() * COUNT), '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }
}
