interface DriverError extends Error {
  /** A SQLSTATE, or the code of postgres.js or of a socket. */
  readonly code: string
  /** Of what the server said. */
  readonly severity?: string
}

/** The driver's error within whatever wraps it (Drizzle puts SQL and parameters into its own messages). */
function driverError(error: unknown): DriverError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at as DriverError
  }
  return undefined
}

/** What Postgres itself said; null if it was not asked, or did not answer. */
export function answerOf(error: unknown): Error | null {
  const found = driverError(error)
  return found?.severity === undefined ? null : found
}

/** A constraint refused the statement: SQLSTATE class 23. */
export const isIntegrityViolation = (error: unknown): boolean =>
  driverError(error)?.code.startsWith('23') ?? false

/** The statement names a table, a column or a schema that is not there. */
export const isMissing = (error: unknown): boolean =>
  ['42P01', '42703', '3F000'].includes(driverError(error)?.code ?? '')

/** The role may not do that. */
export const isForbidden = (error: unknown): boolean => driverError(error)?.code === '42501'

/** The server takes no writes: a replica, or a primary that has been demoted. */
export const isReadOnly = (error: unknown): boolean => driverError(error)?.code === '25006'

/** The server has ended the connection with this error, or refused it. */
export const isFatal = (error: unknown): boolean =>
  ['FATAL', 'PANIC'].includes(driverError(error)?.severity ?? '')

/** A lock was not to be had within `lock_timeout`. */
export const isLockTimeout = (error: unknown): boolean => driverError(error)?.code === '55P03'

/**
 * The database could not be reached, let nobody in, went away, was out of resources or took too long: nothing that is wrong
 * with the statement. By the severity of what the server said, by SQLSTATE, or by the codes of postgres.js and of sockets.
 */
export function isUnavailable(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === 'ConnectionLost' || at.name === 'Unreachable') return true
  }
  const code = driverError(error)?.code
  return isFatal(error) || (code !== undefined && UNAVAILABLE.test(code))
}

/**
 * Classes 08 (connection), 28 (authentication), 53 (resources), 57 (operator), 58 (system); then no such database, read-only
 * server, idle transaction, transaction too long, conflicts between transactions, lock not available.
 */
const UNAVAILABLE =
  /^(08|28|53|57|58|3D000|25006|25P03|25P04|40001|40P01|55P03|CONNECT|SASL_|AUTH_|E(?!RR_)[A-Z_\d]+$)/
