/** Why a server cannot be used, in words for the operator. Without statements, stacks and passwords. */

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused: nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name of the host cannot be looked up at the moment',
  EHOSTUNREACH: 'no network leads to the host',
  ENETUNREACH: 'no network leads to the host',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  ETIMEDOUT: 'it does not answer',
  CONNECT_TIMEOUT: 'it does not answer',
  CONNECTION_CLOSED: 'it closed the connection',
  CONNECTION_DESTROYED: 'the connection was given up',
  CONNECTION_ENDED: 'the connection was given up',
}

/** @returns a clause to follow a colon, without a full stop */
export function describeConnectionFailure(error: unknown): string {
  const chain: Error[] = []
  for (let at = error; at instanceof Error; at = at.cause) chain.push(at)
  for (const at of chain) {
    const cause = 'code' in at && typeof at.code === 'string' ? CAUSES[at.code] : undefined
    if (cause !== undefined) return cause
  }
  const { message, name } = chain.at(-1) ?? new Error(String(error))
  return (message || name).replace(/\.$/, '')
}

/** The address in a URL: host, port and database, and never the password. */
export function addressOf(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname === '/' ? '' : pathname}`
}
