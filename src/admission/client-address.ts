/**
 * From which address a request comes, so that one client cannot take what is there for all.
 *
 * Behind a proxy every request comes from the proxy's address. What a trusted proxy says in `X-Forwarded-For` counts instead;
 * what others say there does not, for anybody can write anything into it. Loopback is always trusted: a proxy on this machine, or
 * somebody who is logged in to it.
 */
import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import { createNetworkCheck } from '../lib/network.ts'

/** @returns null for a request of this machine, or of a trusted proxy that does not say for whom */
export type ClientAddressOf = (
  request: Pick<IncomingMessage, 'headers'> & {
    readonly socket: { readonly remoteAddress?: string | undefined }
  },
) => string | null

const LOOPBACK = ['127.0.0.0/8', '::1']
const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i
/** An address of IPv6 that a proxy wrote down is no longer than this. */
const MAX_ADDRESS_CHARACTERS = 64

/** @param proxies addresses and networks, such as `10.0.0.0/8`, whose `X-Forwarded-For` is believed */
export function createClientAddress(proxies: readonly string[]): ClientAddressOf {
  const isTrusted = createNetworkCheck([...LOOPBACK, ...proxies])
  return ({ headers, socket }) => {
    const peer = (socket.remoteAddress ?? '').replace(MAPPED_IPV4, '')
    if (!isTrusted(peer)) return networkOf(peer)
    const forwarded = String(headers['x-forwarded-for'] ?? '').split(',')
    // Each proxy adds the address that it saw at the end.
    const client = forwarded
      .map((address) => address.trim().replace(MAPPED_IPV4, ''))
      .findLast((address) => address !== '' && !isTrusted(address))
    return client === undefined ? null : networkOf(client.slice(0, MAX_ADDRESS_CHARACTERS))
  }
}

/** Whoever has an address of IPv6 has all of its /64. */
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
