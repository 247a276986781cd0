import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Bench } from '../suite.ts'
import { startServer } from '../support/server-process.ts'
import type { ServerProcess } from '../support/server-process.ts'
import type { ServerLog } from './server-log.ts'

const COLLECT_ON_SIGNAL = pathToFileURL(join(import.meta.dirname, 'collect-on-signal.js')).href

/** Starts the product as usual, except that a signal can trigger a garbage collection. */
export const startCollectingServer = (
  bench: Pick<Bench, 'onEnd'>,
  databaseUrl: string,
  log: ServerLog,
): Promise<ServerProcess> =>
  startServer(bench, databaseUrl, {
    nodeOptions: ['--expose-gc', '--import', COLLECT_ON_SIGNAL],
    onLogLine: (line) => log.take(line),
  })
