/**
 * Errors that nothing has caught. Each is a bug, and leaves the process in a state that nobody has thought of, so it has to end:
 * in an orderly way, so that what is acknowledged stays so and clients connect elsewhere.
 */
import type { Logger } from 'pino'

/** So many there have been in this process; more than one if others follow while it ends. */
export const uncaught = { errors: 0 }

/** An orderly end that takes longer than this is hindered by whatever broke. */
const END_TIMEOUT_MS = 30_000

/** @returns at the first of them, with the exit code; the process is to end then */
export function whenUncaught(logger: Logger): Promise<number> {
  return new Promise((resolve) => {
    // Rejections that nobody handles come here, too.
    process.on('uncaughtException', (error, origin) => {
      uncaught.errors += 1
      logger.fatal({ err: error, origin }, 'an error was not caught: stopping')
      setTimeout(() => process.exit(1), END_TIMEOUT_MS).unref()
      resolve(1)
    })
  })
}
