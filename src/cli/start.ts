import type { Logger } from 'pino'
import { readConfig } from '../config.ts'
import type { Config } from '../config.ts'
import { startOnhand } from '../compose.ts'
import type { Onhand } from '../compose.ts'
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
    'Starts the server. Also starts embedded Postgres if needed, migrates, and loads sample data into an empty log.',
  args: {},
  run: start,
})

async function start(): Promise<void> {
  // Listen before anything starts: embedded Postgres would go on running if this process did not close it.
  const stopped = waitForSignal()
  const config = readConfig(process.env)
  const logger = createLogger(config.logLevel)
  const broken = whenUncaught(logger)
  let exitCode = 0
  const database = await openDatabase(config, (message) => logger.info(message))
  try {
    const onhand = await Promise.race([bringUp(config, database.url, logger), stopped, broken])
    if (typeof onhand === 'object') {
      process.stdout.write(`${readyLine(onhand.url, database.description)}\n`)
      const reason = await Promise.race([stopped, broken])
      if (typeof reason === 'number') exitCode = reason
      else logger.info(`${reason}: stopping; send it again to stop at once`)
      await onhand.close()
    } else if (typeof onhand === 'number') {
      exitCode = onhand
    } else {
      // A server that is not ready has no clients, so it ends without waiting for the start to complete.
      logger.info(`${onhand}: stopping before the server was ready`)
    }
  } catch (error) {
    throw explain(error, config, database.description)
  } finally {
    await database.close()
  }
  process.exit(exitCode)
}

/** Migrates, starts the server, and loads the sample catalogue into an empty log if SEED says so. */
async function bringUp(config: Config, databaseUrl: string, logger: Logger): Promise<Onhand> {
  await migrateDatabase(databaseUrl, config.partitions)
  const onhand = await startOnhand({ config, databaseUrl, logger })
  try {
    if (config.seed === 'sample' && config.roles.has('api') && (await onhand.isEmpty())) {
      logger.info(await seed(onhand.dispatch, new Date()), 'the log was empty; loaded the sample catalogue')
    }
    return onhand
  } catch (error) {
    await onhand.close()
    throw error
  }
}

function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false
    const stop = (signal: NodeJS.Signals) => {
      if (isStopping) process.exit(1)
      isStopping = true
      resolve(signal)
    }
    process.on('SIGINT', stop).on('SIGTERM', stop)
  })
}

function explain(error: unknown, { host, port }: Config, database: string): unknown {
  const { code, syscall, hostname } = error as NodeJS.ErrnoException & { hostname?: string }
  if (syscall !== 'listen' && hostname !== host) return explainDatabase(error, database)
  if (code === 'EADDRINUSE') {
    return new UsageError(
      `Port ${port} is in use. Stop the program that listens on it, or set PORT to another port (0: any free port).`,
    )
  }
  if (code === 'EACCES')
    return new UsageError(`Listening on port ${port} is not allowed. Set PORT to a port above 1023.`)
  if (code === 'EADDRNOTAVAIL' || hostname === host)
    return new UsageError(
      `HOST is ${host}, which is not an address of this machine. Set it to one, or to 0.0.0.0 for all.`,
    )
  return error
}

function readyLine(url: string, database: string): string {
  const addresses = [
    `GraphQL ${url}/graphql`,
    `live ${url.replace(/^http/, 'ws')}/graphql`,
    `console ${url}/console`,
    `health ${url}/healthz ${url}/readyz`,
    `metrics ${url}/metrics`,
    database,
  ]
  return `onhand ready: ${addresses.join(' | ')}`
}
