import { openPool, openSession } from '../lib/postgres.ts'
import type { ConnectionOptions, Database } from '../lib/postgres.ts'
import { AggregateCache } from './aggregate-cache.ts'
import { createClaims } from './claims.ts'
import { Dispatcher } from './dispatcher.ts'
import type { DispatcherOptions } from './dispatcher.ts'
import { createReceiptLookup, createSkuLookup } from './load.ts'
import { PartitionWriter } from './partition-writer.ts'
import { createStreamPositions } from './stream-fence.ts'
import type { StreamPositions } from './stream-fence.ts'

export interface WriteSideOptions extends Pick<DispatcherOptions, 'onCommit' | 'onCommandGroup'> {
  readonly connection: ConnectionOptions
  readonly partitions: number
  readonly now: () => Date
}

export interface WriteSide {
  readonly dispatcher: Dispatcher
  /** The last answered entries of other systems' streams. */
  readonly streams: StreamPositions
  /** A small pool for single statements outside of commands. */
  readonly db: Database
  close(): Promise<void>
}

const MAX_GROUP_COMMANDS = 512
const MAX_QUEUED_COMMANDS = 10_000
const MAX_CACHED_ENTRIES = 200_000

/** Creates the dispatcher on Postgres, with one connection per partition. */
export function createWriteSide({
  connection,
  partitions,
  now,
  onCommit,
  onCommandGroup,
}: WriteSideOptions): WriteSide {
  const sessions = Array.from({ length: partitions }, () => openSession(connection))
  const lookups = openPool(connection, 2)
  const dispatcher = new Dispatcher({
    writers: sessions.map((session, partition) => {
      const cache = new AggregateCache(Math.ceil(MAX_CACHED_ENTRIES / partitions))
      return new PartitionWriter(partition, partitions, session, cache, now)
    }),
    skuOf: createSkuLookup(lookups.db, partitions),
    answeredIn: createReceiptLookup(lookups.db, partitions),
    claimReferences: createClaims(lookups.db),
    now,
    maxGroupCommands: MAX_GROUP_COMMANDS,
    maxQueuedCommands: MAX_QUEUED_COMMANDS,
    onCommit,
    onCommandGroup,
  })
  return {
    dispatcher,
    streams: createStreamPositions(lookups.db, partitions),
    db: lookups.db,
    async close() {
      await dispatcher.close()
      await Promise.all([...sessions, lookups].map((link) => link.close()))
    },
  }
}
