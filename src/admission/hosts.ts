/**
 * Which host names this server accepts. An attacker can make a host name resolve to 127.0.0.1 (DNS rebinding). A browser then treats
 * this server as part of the attacker's site, whose pages can read its answers. So on a loopback address the server accepts only loopback
 * names and those in ALLOWED_HOSTS.
 */
import type { IncomingMessage } from 'node:http'
import { LRUCache } from 'lru-cache'

export interface HostRefusal {
  readonly status: 400 | 421
  readonly message: string
}

/** @returns why the `Host` header is not accepted; null if it is */
export type HostPolicy = (request: IncomingMessage) => HostRefusal | null

/** A host with an optional port, without any other part of a URL. */
const HOST = /^(\[[\da-f:.]{2,45}\]|[\w.-]{1,255})(?::\d{1,5})?$/i
const LOOPBACK_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i
/** A socket that accepts IPv4 and IPv6 has addresses of the second form. */
const LOOPBACK_ADDRESS = /^(::1|(::ffff:)?127\.[\d.]+)$/i
/** Host headers whose result is cached. */
const MAX_CACHED = 100

/** @param allowed host names to accept beside loopback names, with or without a port; `*`: all */
export function createHostPolicy(allowed: readonly string[]): HostPolicy {
  const named = new Set(allowed.map((host) => host.toLowerCase()))
  const loopback = new LRUCache<string, { refusal: HostRefusal | null }>({ max: MAX_CACHED })
  const others = new LRUCache<string, { refusal: HostRefusal | null }>({ max: MAX_CACHED })

  function refusalOf(host: string, isLoopback: boolean): HostRefusal | null {
    const [, name] = HOST.exec(host) ?? []
    if (name === undefined || !URL.canParse(`http://${host}`))
      return { status: 400, message: 'The Host header is not a host name with an optional port.' }
    const isAccepted =
      !isLoopback || LOOPBACK_NAME.test(name) || [host, name, '*'].some((one) => named.has(one.toLowerCase()))
    if (isAccepted) return null
    const message = `The host ${host} is not accepted on a loopback address. To accept it, add it to ALLOWED_HOSTS.`
    return { status: 421, message }
  }

  return ({ headers: { host }, socket: { localAddress = '' } }) => {
    if (host === undefined) return { status: 400, message: 'The request has no Host header.' }
    const isLoopback = LOOPBACK_ADDRESS.test(localAddress)
    const cache = isLoopback ? loopback : others
    let verdict = cache.get(host)
    if (verdict === undefined) {
      verdict = { refusal: refusalOf(host, isLoopback) }
      cache.set(host, verdict)
    }
    return verdict.refusal
  }
}
