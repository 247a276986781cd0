import type { GraphQLFormattedError } from 'graphql'

/** The error that ended a subscription. */
export class OnhandClientError extends Error {
  override readonly name = 'OnhandClientError'
  /**
   * The code of the first GraphQL error, such as `BAD_USER_INPUT`, or the close code of the connection, such as 4403; else null.
   */
  readonly code: string | number | null
  /** The GraphQL errors, if there were any. */
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

/** A `CloseEvent` of any WebSocket implementation. */
interface Closed {
  readonly code: number
  readonly reason: string
}

/** @param problem as graphql-ws passes it: GraphQL errors, the close event of the connection, or an Error */
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

/** The code for a cursor of a history that the server's log no longer has. */
export const LOG_REPLACED = 'LOG_REPLACED'

const TIMED_OUT = 4408
const TERMINATED = 4499

/** Whether a new attempt would fail in the same way, because the server rejects the client, as with 4403. */
export function isRefusal(problem: unknown): boolean {
  if (!isClosed(problem)) return false
  const { code } = problem
  return code >= 4400 && code < 4500 && code !== TIMED_OUT && code !== TERMINATED
}

function isClosed(problem: unknown): problem is Closed {
  return typeof problem === 'object' && problem !== null && 'code' in problem && 'reason' in problem
}
