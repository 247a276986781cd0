interface DriverError extends Error {
  /** A SQLSTATE, or the code of postgres.js or of a socket. */
  readonly code: string
  /** Present only on errors that the server reported. */
  readonly severity?: string
}

/** Unwraps the driver's error. (The messages of Drizzle's wrapping errors contain SQL and parameters.) */
function driverError(error: unknown): DriverError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at as DriverError
  }
  return undefined
}

/** The error that Postgres itself reported; null if the failure has another origin. */
export function answerOf(error: unknown): Error | null {
  const found = driverError(error)
  return found?.severity === undefined ? null : found
}

/** The statement violates a constraint: SQLSTATE class 23. */
export const isIntegrityViolation = (error: unknown): boolean =>
  driverError(error)?.code.startsWith('23') ?? false

/** The statement names a table, a column or a schema that does not exist. */
export const isMissing = (error: unknown): boolean =>
  ['42P01', '42703', '3F000'].includes(driverError(error)?.code ?? '')

/** The role lacks the privilege for the statement. */
export const isForbidden = (error: unknown): boolean => driverError(error)?.code === '42501'

/** The server is read-only: a replica, or a primary that has been demoted. */
export const isReadOnly = (error: unknown): boolean => driverError(error)?.code === '25006'

/** The server has ended or refused the connection with this error. */
export const isFatal = (error: unknown): boolean =>
  ['FATAL', 'PANIC'].includes(driverError(error)?.severity ?? '')

/** A lock could not be obtained within `lock_timeout`. */
export const isLockTimeout = (error: unknown): boolean => driverError(error)?.code === '55P03'

/**
 * The cause is not the statement: the database cannot be reached, rejects the login, has gone away, is out of resources or takes
 * too long. Recognized by the severity of the server's error, by SQLSTATE, or by the codes of postgres.js and of sockets.
 */
export function isUnavailable(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === 'ConnectionLost' || at.name === 'Unreachable') return true
  }
  const code = driverError(error)?.code
  return isFatal(error) || (code !== undefined && UNAVAILABLE.test(code))
}

/**
 * SQLSTATE classes 08 (connection), 28 (authentication), 53 (resources), 57 (operator) and 58 (system); then, in order: missing
 * database, read-only server, idle transaction, transaction too long, serialization failure, deadlock, lock not available.
 */
const UNAVAILABLE =
  /^(08|28|53|57|58|3D000|25006|25P03|25P04|40001|40P01|55P03|CONNECT|SASL_|AUTH_|E(?!RR_)[A-Z_\d]+$)/
