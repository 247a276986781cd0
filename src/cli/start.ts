import { readConfig } from '../config.ts'
import type { Config } from '../config.ts'
import { startOnhand } from '../compose.ts'
import { openDatabase } from '../operations/database.ts'
import { createLogger } from '../operations/logger.ts'
import { migrateDatabase } from '../operations/migrate.ts'
import { seed } from '../operations/seed.ts'
import { whenUncaught } from '../operations/uncaught.ts'
import { UsageError, command } from './command.ts'
import { explainDatabase } from './database.ts'

export default command({
  name: 'start',
  description:
    'Starts the server, with all that it needs: Postgres, migrations, and sample data for an empty log.',
  args: {},
  run: start,
})

async function start(): Promise<void> {
  const config = readConfig(process.env)
  const logger = createLogger(config.logLevel)
  // From the beginning: embedded Postgres outlives a process that does not leave it.
  const stopped = waitForSignal()
  const broken = whenUncaught(logger)
  let exitCode = 0
  const database = await openDatabase(config, (message) => logger.info(message))
  try {
    await migrateDatabase(database.url, config.partitions).catch((error: unknown) => {
      throw explainDatabase(error, database.description)
    })
    const onhand = await startOnhand({ config, databaseUrl: database.url, logger })
    try {
      if (config.seed === 'sample' && config.roles.has('api') && (await onhand.isEmpty())) {
        logger.info(await seed(onhand.dispatch, new Date()), 'the log was empty: loaded the sample catalogue')
      }
      process.stdout.write(`${readyLine(onhand.url, database.description)}\n`)
      const reason = await Promise.race([stopped, broken])
      if (typeof reason === 'number') exitCode = reason
      else logger.info(`${reason}: stopping; once more to stop at once`)
    } finally {
      await onhand.close()
    }
  } catch (error) {
    throw explain(error, config)
  } finally {
    await database.close()
  }
  process.exit(exitCode)
}

function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false
    const heard = (signal: NodeJS.Signals) => {
      if (asked) process.exit(1)
      asked = true
      resolve(signal)
    }
    process.on('SIGINT', heard).on('SIGTERM', heard)
  })
}

function explain(error: unknown, { host, port }: Config): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new UsageError(
      `Port ${port} is in use. Stop what listens there, or set PORT to another one (0: any that is free).`,
    )
  }
  if (code === 'EACCES')
    return new UsageError(`Listening on port ${port} is not allowed. Set PORT to one above 1023.`)
  if (code === 'EADDRNOTAVAIL')
    return new UsageError(
      `HOST is ${host}, which is no address of this machine. Set it to one, or to 0.0.0.0 for all.`,
    )
  return error
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
