import type { IncomingHttpHeaders } from 'node:http'

/**
 * Which pages may call this API from a browser, by the headers of a request. Without an Origin it is no browser, and
 * nothing to be protected from.
 */
export type OriginPolicy = (headers: IncomingHttpHeaders) => boolean

const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** The origins beside its own: those that are named, and all of this machine. */
export const otherOrigins = (named: readonly string[]): (string | RegExp)[] => [...named, LOCAL]

/** Pages from the same host, and from the other origins. */
export function createOriginPolicy(named: readonly string[]): OriginPolicy {
  const others = new Set(named)
  return (headers) => {
    const { origin } = headers
    return origin === undefined || others.has(origin) || LOCAL.test(origin) || isOwn(origin, headers)
  }
}

/** A proxy may have put its own idea of a host into `host`. A page cannot set either of the two headers. */
function isOwn(origin: string, { host, 'x-forwarded-host': forwarded }: IncomingHttpHeaders): boolean {
  if (!URL.canParse(origin)) return false
  const page = new URL(origin).host
  return page === host || page === forwarded
}
