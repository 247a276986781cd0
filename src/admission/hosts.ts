/**
 * Which names this server answers to. Anybody can let a name of theirs resolve to 127.0.0.1 (DNS rebinding). A browser then takes this
 * server for a part of their site, and their pages read its answers. So on a loopback address only the names of the loopback are
 * answered, and those that the operator has named.
 */
import type { IncomingMessage } from 'node:http'
import { LRUCache } from 'lru-cache'

export interface HostRefusal {
  readonly status: 400 | 421
  readonly message: string
}

/** @returns why the request is refused for its `Host`; null if it is not */
export type HostPolicy = (request: IncomingMessage) => HostRefusal | null

/** A host, and a port if it is given; nothing else that a URL can have. */
const HOST = /^(\[[\da-f:.]{2,45}\]|[\w.-]{1,255})(?::\d{1,5})?$/i
const LOOPBACK_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i
/** The second form is that of a socket which takes IPv4 and IPv6. */
const LOOPBACK_ADDRESS = /^(::1|(::ffff:)?127\.[\d.]+)$/i
/** Names each of which has been asked for before. */
const MAX_REMEMBERED = 100

/** @param allowed names beside those of the loopback, with or without a port; `*`: all */
export function createHostPolicy(allowed: readonly string[]): HostPolicy {
  const named = new Set(allowed.map((host) => host.toLowerCase()))
  const loopback = new LRUCache<string, { refusal: HostRefusal | null }>({ max: MAX_REMEMBERED })
  const others = new LRUCache<string, { refusal: HostRefusal | null }>({ max: MAX_REMEMBERED })

  function refusalOf(host: string, isLoopback: boolean): HostRefusal | null {
    const [, name] = HOST.exec(host) ?? []
    if (name === undefined || !URL.canParse(`http://${host}`))
      return { status: 400, message: 'The Host header is not a host name with an optional port.' }
    const isKnown =
      !isLoopback || LOOPBACK_NAME.test(name) || [host, name, '*'].some((one) => named.has(one.toLowerCase()))
    if (isKnown) return null
    const message = `This server does not answer to the host ${host} on a loopback address. If it should, name the host in ALLOWED_HOSTS.`
    return { status: 421, message }
  }

  return ({ headers: { host }, socket: { localAddress = '' } }) => {
    if (host === undefined) return { status: 400, message: 'The request has no Host header.' }
    const isLoopback = LOOPBACK_ADDRESS.test(localAddress)
    const remembered = isLoopback ? loopback : others
    let verdict = remembered.get(host)
    if (verdict === undefined) {
      verdict = { refusal: refusalOf(host, isLoopback) }
      remembered.set(host, verdict)
    }
    return verdict.refusal
  }
}
