import type { IncomingHttpHeaders } from 'node:http'

/** Which pages may call this API from a browser. */
export interface OriginPolicy {
  /** By a request's headers. A request without an Origin comes from no browser, and there is nothing to protect it from. */
  readonly allows: (headers: IncomingHttpHeaders) => boolean
  /** The origins beside the server's own. */
  readonly others: readonly (string | RegExp)[]
}

/** In production, the pages of a visitor's own machine are nobody to trust. */
const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** Pages from the same host, from the origins that are named, and in development from this machine. */
export function createOriginPolicy(named: readonly string[], production: boolean): OriginPolicy {
  const others = production ? named : [...named, LOCAL]
  const isOther = (origin: string) =>
    others.some((other) => (typeof other === 'string' ? other === origin : other.test(origin)))
  return {
    others,
    allows(headers) {
      const { origin } = headers
      return origin === undefined || isOther(origin) || isOwn(origin, headers)
    },
  }
}

/** A proxy may have put its own idea of a host into `host`. A page cannot set either of the two headers. */
function isOwn(origin: string, { host, 'x-forwarded-host': forwarded }: IncomingHttpHeaders): boolean {
  if (!URL.canParse(origin)) return false
  const page = new URL(origin).host
  return page === host || page === forwarded
}
