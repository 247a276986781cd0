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
    'Starts the server, with all that it needs: Postgres, migrations, and sample data for an empty log.',
  args: {},
  run: start,
})

async function start(): Promise<void> {
  // From the beginning: embedded Postgres outlives a process that does not leave it.
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
      else logger.info(`${reason}: stopping; once more to stop at once`)
      await onhand.close()
    } else if (typeof onhand === 'number') {
      exitCode = onhand
    } else {
      // Nobody relies on a server that is not ready yet. It is left as it is, whatever it waits for.
      logger.info(`${onhand}: stopping before the server was ready`)
    }
  } catch (error) {
    throw explain(error, config, database.description)
  } finally {
    await database.close()
  }
  process.exit(exitCode)
}

/** Migrates, starts, and loads the sample catalogue into an empty log if that is asked for. */
async function bringUp(config: Config, databaseUrl: string, logger: Logger): Promise<Onhand> {
  await migrateDatabase(databaseUrl, config.partitions)
  const onhand = await startOnhand({ config, databaseUrl, logger })
  try {
    if (config.seed === 'sample' && config.roles.has('api') && (await onhand.isEmpty())) {
      logger.info(await seed(onhand.dispatch, new Date()), 'the log was empty: loaded the sample catalogue')
    }
    return onhand
  } catch (error) {
    await onhand.close()
    throw error
  }
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

function explain(error: unknown, { host, port }: Config, database: string): unknown {
  const { code, syscall, hostname } = error as NodeJS.ErrnoException & { hostname?: string }
  if (syscall !== 'listen' && hostname !== host) return explainDatabase(error, database)
  if (code === 'EADDRINUSE') {
    return new UsageError(
      `Port ${port} is in use. Stop what listens there, or set PORT to another one (0: any that is free).`,
    )
  }
  if (code === 'EACCES')
    return new UsageError(`Listening on port ${port} is not allowed. Set PORT to one above 1023.`)
  if (code === 'EADDRNOTAVAIL' || hostname === host)
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
