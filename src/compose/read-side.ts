import { AVAILABILITY_REDIS } from '../integration/read-model.ts'
import { openPool } from '../lib/postgres.ts'
import type { Database } from '../lib/postgres.ts'
import type { Epoch } from '../log/token.ts'
import { forQueries, forReplays } from '../operations/connections.ts'
import { readInstallation } from '../operations/installation.ts'
import { registerProgress } from '../operations/metrics/projections.ts'
import { createLedger } from '../projection/ledger.ts'
import type { Ledger } from '../projection/ledger.ts'
import { createReads } from '../projection/read-side.ts'
import type { Reads } from '../projection/read-side.ts'
import type { Shared } from './shared.ts'

/** Reads of the projections on the primary. */
export interface ReadSide {
  readonly db: Database
  readonly reads: Reads
  /** Ledger reads for resuming clients. They have their own connections, so that queries do not wait for them. */
  readonly replays: Ledger
  readonly installation: string
  /** The epoch at the start of the process. */
  readonly epoch: Epoch
}

export const QUERY_CONNECTIONS = 8
const REPLAY_CONNECTIONS = 2

export async function openReadSide(shared: Shared): Promise<ReadSide> {
  const { config, databaseUrl, instruments, postgres, onClose } = shared
  const pool = openPool({ ...forQueries(databaseUrl), monitor: postgres }, QUERY_CONNECTIONS)
  onClose(() => pool.close())
  const replayPool = openPool(forReplays(databaseUrl), REPLAY_CONNECTIONS)
  onClose(() => replayPool.close())
  const reads = createReads(pool.db, config.partitions, config.redisReadModel ? [AVAILABILITY_REDIS] : [])
  registerProgress(instruments, reads.progress)
  const { id: installation, epoch } = await readInstallation(databaseUrl)
  return { db: pool.db, reads, replays: createLedger(replayPool.db, config.partitions), installation, epoch }
}
