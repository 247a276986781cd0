/**
 * What becomes of a request that offers to go on in another protocol. Only WebSocket is accepted. Any other offer may be ignored, and is:
 * Java's HttpClient and `curl --http2` offer `h2c` with their first request, and get their answer over HTTP/1.1.
 */
import { IncomingMessage } from 'node:http'
import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HostPolicy } from './hosts.ts'
import { refuseRaw } from './raw-refusal.ts'

/** A request as Node's server makes it. By `upgrade` Node decides whether to answer it or to hand over its socket. */
export class UpgradableRequest extends IncomingMessage {
  /** What Node has found in the headers. A declaration only: a field would be emptied after Node's constructor has set it. */
  declare offersUpgrade: boolean | null

  get upgrade(): boolean {
    return this.offersUpgrade === true && this.headers.upgrade?.toLowerCase() === 'websocket'
  }

  set upgrade(offers: boolean | null) {
    this.offersUpgrade = offers
  }
}

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export function acceptUpgrades(server: Server, refusalOf: HostPolicy, upgrade: Upgrade): void {
  server.on('upgrade', (request, socket, head) => {
    const refusal = refusalOf(request)
    if (refusal === null) upgrade(request, socket, head)
    else refuseRaw(socket, refusal.status, refusal.message)
  })
}
