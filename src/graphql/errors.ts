/**
 * Every fault a client can see, by its code, and how each error becomes one. Anything that is not named here is a
 * bug or broken infrastructure: the client gets a request id to quote, the log gets the error.
 */
import { GraphQLError } from 'graphql'
import type { ASTNode, GraphQLErrorExtensions, GraphQLFormattedError } from 'graphql'
import { Overloaded, Unavailable } from '../command/faults.ts'
import { InvalidValue } from '../domain/values.ts'
import { isUnavailable } from '../lib/postgres-error.ts'
import { shorten } from '../lib/shorten.ts'
import { ProjectionLagging, TooManyWaits } from '../progress/consistency.ts'
import { LogReplaced } from '../log/replaced.ts'

export type FaultCode =
  | 'BAD_USER_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'RATE_LIMITED'
  | 'QUERY_TOO_COMPLEX'
  | 'OVERLOADED'
  | 'PROJECTION_LAGGING'
  | 'LOG_REPLACED'
  | 'OUTCOME_UNKNOWN'
  | 'SERVICE_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'

/** What libraries call that which is the client's mistake. */
const MISTAKES = new Set<unknown>([
  'BAD_REQUEST',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
])

/** The code that clients see in its place: one name for one thing, on every transport. */
export function faultCode(code: unknown): unknown {
  return code === undefined || MISTAKES.has(code) ? 'BAD_USER_INPUT' : code
}

export function fault(
  code: FaultCode,
  message: string,
  { retryable = false, ...extensions }: { retryable?: boolean } & Record<string, unknown> = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, retryable, ...extensions } })
}

/** @param node the part of the document that is wrong, if it stands there */
export function badUserInput(message: string, node?: ASTNode): GraphQLError {
  return new GraphQLError(message, {
    nodes: node ?? null,
    extensions: { code: 'BAD_USER_INPUT', retryable: false },
  })
}

/** For what is not GraphQL's own error: `formatFault` says how clients see it. */
export function asGraphQLError(error: unknown): GraphQLError {
  return error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error })
}

/** graphql-js compares fields of the same name with one another, and gives up with this when there are too many. */
const VALIDATION_ABORTED = 'Validation aborted.'
const TOO_MANY_ALIKE = fault(
  'QUERY_TOO_COMPLEX',
  'Too many fields have the same name in the answer; ask for each of them once.',
)

/** Messages quote what they are about, be it as long as the whole request, and there can be a hundred of them. */
const MAX_MESSAGE_CHARACTERS = 500

/** What stands behind an error that was thrown while a request was answered; null if it is for us alone to know. */
function knownFault(error: unknown): GraphQLError | null {
  if (error instanceof InvalidValue) return badUserInput(error.message)
  if (error instanceof Overloaded || error instanceof TooManyWaits)
    return fault('OVERLOADED', error.message, { retryable: true })
  if (error instanceof LogReplaced) return fault('LOG_REPLACED', error.message)
  if (error instanceof Unavailable) return fault('SERVICE_UNAVAILABLE', error.message, { retryable: true })
  if (error instanceof ProjectionLagging)
    return fault('PROJECTION_LAGGING', error.message, { retryable: true })
  if (isUnavailable(error)) {
    return fault('SERVICE_UNAVAILABLE', 'The database cannot be reached.', { retryable: true })
  }
  return null
}

/**
 * The error as clients see it, on every transport.
 *
 * @param report told of errors that are masked
 */
export function formatFault(
  error: GraphQLError,
  requestId: string,
  report: (error: unknown) => void,
): GraphQLFormattedError {
  if (error.message === VALIDATION_ABORTED) return TOO_MANY_ALIKE.toJSON()
  const { message, locations, path, extensions } = error.toJSON()
  const where = { ...(locations && { locations }), ...(path && { path }) }
  const cause = error.originalError
  // Raised by GraphQL itself (syntax, validation, variables), or by a resolver that knew what it said. Where a
  // scalar refused a value written into the document, its own code says more than that validation failed.
  if (cause === undefined || cause instanceof GraphQLError) {
    const { http: _, ...seen }: GraphQLErrorExtensions = { ...extensions, ...cause?.extensions }
    return {
      message: shorten(message, MAX_MESSAGE_CHARACTERS),
      ...where,
      extensions: { retryable: false, ...seen, code: faultCode(seen['code']) },
    }
  }
  const known = knownFault(cause)
  if (known !== null) {
    return { message: shorten(known.message, MAX_MESSAGE_CHARACTERS), ...where, extensions: known.extensions }
  }
  report(cause)
  return {
    message: `Something went wrong on our side. Quote request ${requestId} when you report it.`,
    ...where,
    extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false, requestId },
  }
}
