/**
 * The address of a request's client, for limits per client.
 *
 * Requests through a proxy come from the proxy's address. For trusted proxies, `X-Forwarded-For` counts instead; other peers could
 * write anything into it. Loopback is always trusted: it is a proxy on this machine, or a user who is logged in to it.
 */
import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import { createNetworkCheck } from '../lib/network.ts'

/** @returns null for a request from this machine, or from a trusted proxy that names no client */
export type ClientAddressOf = (
  request: Pick<IncomingMessage, 'headers'> & {
    readonly socket: { readonly remoteAddress?: string | undefined }
  },
) => string | null

const LOOPBACK = ['127.0.0.0/8', '::1']
const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i
/** No IPv6 address is longer. */
const MAX_ADDRESS_CHARACTERS = 64

/** @param proxies trusted addresses and networks, such as `10.0.0.0/8` */
export function createClientAddress(proxies: readonly string[]): ClientAddressOf {
  const isTrusted = createNetworkCheck([...LOOPBACK, ...proxies])
  return ({ headers, socket }) => {
    const peer = (socket.remoteAddress ?? '').replace(MAPPED_IPV4, '')
    if (!isTrusted(peer)) return networkOf(peer)
    const forwarded = String(headers['x-forwarded-for'] ?? '').split(',')
    // Each proxy appends the address of its peer.
    const client = forwarded
      .map((address) => address.trim().replace(MAPPED_IPV4, ''))
      .findLast((address) => address !== '' && !isTrusted(address))
    return client === undefined ? null : networkOf(client.slice(0, MAX_ADDRESS_CHARACTERS))
  }
}

/** One client can use all IPv6 addresses of a /64, so the network counts as one address. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [before = '', after] = address.split('::', 2)
  const head = before.split(':')
  const tail = after === undefined ? [] : after.split(':')
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0')
  return [...head, ...zeros, ...tail]
    .slice(0, 4)
    .map((group) => (group === '' ? '0' : group.toLowerCase()))
    .join(':')
}
