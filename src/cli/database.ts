/** The database that the environment names, for a command's time. */
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
 * Works with a server running on it, too; an embedded Postgres that nobody runs is started for the time. One that is missing is
 * an error: a mistyped DATA_DIR is no reason to make a database.
 */
export const withDatabase = <T>(work: Work<T>): Promise<T> => open(work, false)

/** The same, and an embedded database that is missing is made. */
export const withNewDatabase = <T>(work: Work<T>): Promise<T> => open(work, true)

async function open<T>(work: Work<T>, create: boolean): Promise<T> {
  const config = readConfig(process.env)
  const logger = createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel)
  const database = await openDatabase(config, (message) => logger.info(message), create)
  // An embedded Postgres outlives us if we do not leave it.
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

/** What an operator can do something about, without the statement that ran into it. */
export function explainDatabase(error: unknown, description: string): unknown {
  if (isMissing(error))
    return new UsageError(`${description} has no tables yet, or old ones. Run \`onhand migrate\`.`)
  const said = answerOf(error)
  if (said !== null) return new Error(`${description} says: ${said.message}`, { cause: error })
  if (isUnavailable(error))
    return new UsageError(`${description} cannot be reached: ${describeConnectionFailure(error)}.`)
  return error
}
