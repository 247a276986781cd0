/** The driver's error within whatever wraps it (Drizzle puts SQL and parameters into its own messages). */
function driverError(error: unknown): { code: string } | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return { code: at.code }
  }
  return undefined
}

/** A constraint refused the statement: SQLSTATE class 23. */
export const isIntegrityViolation = (error: unknown): boolean =>
  driverError(error)?.code.startsWith('23') ?? false

/** The statement names a table, a column or a schema that is not there. */
export const isMissing = (error: unknown): boolean =>
  ['42P01', '42703', '3F000'].includes(driverError(error)?.code ?? '')

/**
 * The database could not be reached, went away, was out of resources or took too long: nothing that is wrong
 * with the statement. By SQLSTATE class, or the codes of postgres.js and of sockets.
 */
export function isUnavailable(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === 'ConnectionLost') return true
  }
  const code = driverError(error)?.code
  return code !== undefined && UNAVAILABLE.test(code)
}

const UNAVAILABLE = /^(08|53|57|58|25P03|40001|40P01|55P03|CONNECT|E[A-Z]+$)/
