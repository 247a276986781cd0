import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

const FIRST = 12_000
const COUNT = 8000

/**
 * A free port below those that systems give to outgoing connections: while its server is away, one of these could take it.
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
