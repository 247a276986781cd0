import type { GraphQLFormattedError } from 'graphql'

/** Why something is watched no longer. */
export class OnhandClientError extends Error {
  override readonly name = 'OnhandClientError'
  /**
   * Of the first GraphQL error, as `BAD_USER_INPUT`; or the code that the connection was closed with, as
   * 4403; else null.
   */
  readonly code: string | number | null
  /** All GraphQL errors, if it was these. */
  readonly errors: readonly GraphQLFormattedError[]

  constructor(message: string, code: string | number | null, details: ErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.errors = details.errors ?? []
  }
}

interface ErrorDetails {
  readonly errors?: readonly GraphQLFormattedError[]
  readonly cause?: unknown
}

/** A `CloseEvent`, whichever WebSocket it is from. */
interface Closed {
  readonly code: number
  readonly reason: string
}

/** @param problem as graphql-ws hands it over: GraphQL errors, how the connection was closed, or an Error */
export function asClientError(problem: unknown): OnhandClientError {
  if (Array.isArray(problem)) {
    const errors = problem as readonly GraphQLFormattedError[]
    const message = errors.map((error) => error.message).join(' ')
    return new OnhandClientError(message, (errors[0]?.extensions?.['code'] as string) ?? null, { errors })
  }
  if (isClosed(problem)) {
    const { code, reason } = problem
    return new OnhandClientError(`The server closed the connection: ${reason} (${code})`, code, {
      cause: problem,
    })
  }
  return new OnhandClientError(problem instanceof Error ? problem.message : 'No connection', null, {
    cause: problem,
  })
}

/** What was seen belongs to a history that the server's log no longer has. */
export const LOG_REPLACED = 'LOG_REPLACED'

const TIMED_OUT = 4408
const TERMINATED = 4499

/** Trying again would come to the same: what the client says of itself is not accepted, as with 4403. */
export function isRefusal(problem: unknown): boolean {
  if (!isClosed(problem)) return false
  const { code } = problem
  return code >= 4400 && code < 4500 && code !== TIMED_OUT && code !== TERMINATED
}

function isClosed(problem: unknown): problem is Closed {
  return typeof problem === 'object' && problem !== null && 'code' in problem && 'reason' in problem
}
