/**
 * Handles uncaught errors. Each is a bug that leaves the process in an unknown state, so the process has to end, but in an orderly
 * way: it completes acknowledged commands, and clients connect elsewhere.
 */
import type { Logger } from 'pino'

/** Counts the uncaught errors of this process. More can follow while it ends. */
export const uncaught = { errors: 0 }

/** If an orderly end takes longer than this, the error prevents it. */
const END_TIMEOUT_MS = 30_000

/** @returns a promise of the exit code, which resolves at the first uncaught error; the caller then ends the process */
export function whenUncaught(logger: Logger): Promise<number> {
  return new Promise((resolve) => {
    // Unhandled rejections also arrive here.
    process.on('uncaughtException', (error, origin) => {
      uncaught.errors += 1
      logger.fatal({ err: error, origin }, 'uncaught error: stopping')
      setTimeout(() => process.exit(1), END_TIMEOUT_MS).unref()
      resolve(1)
    })
  })
}
