/**
 * Which pages may call this API from a browser. Without an Origin it is no browser, and nothing to be protected from.
 */
export type OriginPolicy = (origin: string | undefined, host: string | undefined) => boolean

const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** Pages from the same host, from this machine, and from the origins named. */
export function createOriginPolicy(allowed: readonly string[]): OriginPolicy {
  const named = new Set(allowed)
  return (origin, host) =>
    origin === undefined ||
    named.has(origin) ||
    LOCAL.test(origin) ||
    (host !== undefined && hostOf(origin) === host)
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
