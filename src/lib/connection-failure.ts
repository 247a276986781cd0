/** Describes to the operator why a server cannot be used, without statements, stacks or passwords. */

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused: nothing listens there',
  ENOTFOUND: 'there is no host with that name',
  EAI_AGAIN: 'the name of the host cannot be looked up at the moment',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the host',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  ETIMEDOUT: 'it does not answer',
  CONNECT_TIMEOUT: 'it does not answer',
  CONNECTION_CLOSED: 'it closed the connection',
  CONNECTION_DESTROYED: 'this process has closed the connection',
  CONNECTION_ENDED: 'this process has closed the connection',
}

/** @returns a clause that can follow a colon, without a full stop */
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

/** The host, port and database of a URL, without its password. */
export function addressOf(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname === '/' ? '' : pathname}`
}
