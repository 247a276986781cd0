/** Opens the database that the environment names for the duration of a command. */
import { describeConnectionFailure } from '../lib/connection-failure.ts'
import { answerOf, isMissing, isUnavailable } from '../lib/postgres-error.ts'
import { openSession } from '../lib/postgres.ts'
import type { Session } from '../lib/postgres.ts'
import { readConfig } from '../config.ts'
import type { Config } from '../config.ts'
import { forMaintenance } from '../operations/connections.ts'
import { UsageError } from './command.ts'
import { openDatabase } from '../operations/database.ts'
import { createLogger } from '../operations/logger.ts'

export interface OpenedDatabase {
  readonly url: string
  readonly description: string
  readonly config: Config
}

type Work<T> = (database: OpenedDatabase) => Promise<T>

/**
 * Runs work on the database, also while a server is running on it. An embedded Postgres that is not running is started meanwhile.
 * A missing one is an error, so that a mistyped DATA_DIR does not create a database.
 */
export const withDatabase = <T>(work: Work<T>): Promise<T> => open(work, false)

/** Does the same, but creates an embedded database that is missing. */
export const withNewDatabase = <T>(work: Work<T>): Promise<T> => open(work, true)

async function open<T>(work: Work<T>, create: boolean): Promise<T> {
  const config = readConfig(process.env)
  const logger = createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel)
  const database = await openDatabase(config, (message) => logger.info(message), create)
  // Embedded Postgres would go on running if this process did not close it.
  const interrupted = () => void database.close().finally(() => process.exit(1))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    return await work({ url: database.url, description: database.description, config })
  } catch (error) {
    throw explainDatabase(error, database.description)
  } finally {
    await database.close()
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
  }
}

export async function withSession<T>(
  work: (session: Session, database: OpenedDatabase) => Promise<T>,
): Promise<T> {
  return withDatabase(async (database) => {
    const session = openSession(forMaintenance(database.url))
    try {
      return await work(session, database)
    } finally {
      await session.close()
    }
  })
}

/** Explains errors that an operator can correct, without the SQL statement. */
export function explainDatabase(error: unknown, description: string): unknown {
  if (isMissing(error))
    return new UsageError(
      `${description} has no tables, or those of an earlier release. Run \`onhand migrate\`.`,
    )
  const answer = answerOf(error)
  if (answer !== null) return new Error(`${description} reports: ${answer.message}`, { cause: error })
  if (isUnavailable(error))
    return new UsageError(`${description} cannot be reached: ${describeConnectionFailure(error)}.`)
  return error
}
