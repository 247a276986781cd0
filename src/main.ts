/** `onhand start`: configuration, database, everything else, and an orderly end. */
import { readConfig } from './config.ts'
import { startOnhand } from './compose.ts'
import { openDatabase } from './operations/database.ts'
import { createLogger } from './operations/logger.ts'
import { migrateDatabase } from './operations/migrate.ts'
import { seed } from './operations/seed.ts'

export async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(environment)
  const logger = createLogger(config.logLevel)
  const database = await openDatabase(config, (message) => logger.info(message))
  await migrateDatabase(database.url, config.partitions)
  const onhand = await startOnhand({ config, databaseUrl: database.url, logger })

  let stopping = false
  async function stop(signal: NodeJS.Signals): Promise<void> {
    if (stopping) process.exit(1)
    stopping = true
    logger.info(`${signal}: stopping; once more to stop at once`)
    try {
      await onhand.close()
      await database.close()
    } catch (error) {
      logger.error({ err: error }, 'stopping failed')
      process.exitCode = 1
    }
    process.exit()
  }
  process.on('SIGINT', (signal) => void stop(signal))
  process.on('SIGTERM', (signal) => void stop(signal))

  if (config.seed === 'sample' && config.roles.has('api') && (await onhand.isEmpty())) {
    logger.info(await seed(onhand.dispatch, new Date()), 'the log was empty: loaded the sample catalogue')
  }
  process.stdout.write(`${readyLine(onhand.url, database.description)}\n`)
}

function readyLine(url: string, database: string): string {
  const places = [
    `GraphQL ${url}/graphql`,
    `live ${url.replace(/^http/, 'ws')}/graphql`,
    `console ${url}/console`,
    `health ${url}/healthz ${url}/readyz`,
    `metrics ${url}/metrics`,
    database,
  ]
  return `onhand ready: ${places.join(' | ')}`
}
