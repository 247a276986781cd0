import type { IncomingHttpHeaders } from 'node:http'

/** Which pages may call this API from a browser. */
export interface OriginPolicy {
  /** A request without an `Origin` header comes from no page of another origin, so it is allowed. */
  readonly allows: (headers: IncomingHttpHeaders) => boolean
  /** Allowed origins beside the server's own. */
  readonly others: readonly (string | RegExp)[]
}

/** Pages on the visitor's own machine, which are trusted in development only. */
const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** Allows pages of the same host, of the named origins, and in development of this machine. */
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

/** A proxy can replace `host` and send the original in `x-forwarded-host`. A page can set neither header. */
function isOwn(origin: string, { host, 'x-forwarded-host': forwarded }: IncomingHttpHeaders): boolean {
  if (!URL.canParse(origin)) return false
  const page = new URL(origin).host
  return page === host || page === forwarded
}
