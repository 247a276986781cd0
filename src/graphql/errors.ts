/**
 * All errors that clients can see, by code, and how each thrown error becomes one of them. Any other error is a bug or broken
 * infrastructure: the client gets a request id to quote, and the server logs the error.
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

/** The libraries' codes for mistakes of clients. */
const LIBRARY_CODES = new Set<unknown>([
  'BAD_REQUEST',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
])

/** The code that clients see instead of a library's code, the same on every transport. */
export function faultCode(code: unknown): unknown {
  return code === undefined || LIBRARY_CODES.has(code) ? 'BAD_USER_INPUT' : code
}

export function fault(
  code: FaultCode,
  message: string,
  { retryable = false, ...extensions }: { retryable?: boolean } & Record<string, unknown> = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, retryable, ...extensions } })
}

/** @param node the invalid part of the document, if it is in the document */
export function badUserInput(message: string, node?: ASTNode): GraphQLError {
  return new GraphQLError(message, {
    nodes: node ?? null,
    extensions: { code: 'BAD_USER_INPUT', retryable: false },
  })
}

/** Wraps an error for `formatFault`. */
export function asGraphQLError(error: unknown): GraphQLError {
  return error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error })
}

/** The message of graphql-js when it gives up comparing too many fields of the same response name. */
const VALIDATION_ABORTED = 'Validation aborted.'
const TOO_MANY_ALIKE = fault(
  'QUERY_TOO_COMPLEX',
  'Too many fields have the same response name; select each field once.',
)

/** Messages quote input, which can be as long as the request, and one answer can have a hundred messages. */
const MAX_MESSAGE_CHARACTERS = 500

/** The client's view of an expected error; null for an error that clients must not see. */
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
 * Formats an error for clients, on every transport.
 *
 * @param report receives errors that clients see masked
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
  // An error of GraphQL itself (syntax, validation, variables), or one that a resolver or scalar threw for the client. A scalar's code
  // is more precise than "validation failed", so it takes precedence.
  if (cause === undefined || cause instanceof GraphQLError) {
    const { http: _, ...visible }: GraphQLErrorExtensions = { ...extensions, ...cause?.extensions }
    return {
      message: shorten(message, MAX_MESSAGE_CHARACTERS),
      ...where,
      extensions: { retryable: false, ...visible, code: faultCode(visible['code']) },
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
