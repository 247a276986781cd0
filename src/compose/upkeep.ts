import { sweepClaims } from '../command/claim-sweep.ts'
import { sweepReceipts } from '../command/receipt-sweep.ts'
import { startIntake } from '../integration/channels.ts'
import { registerOldestSnapshot } from '../operations/metrics/process.ts'
import { createSnapshotCheck, oldestSnapshot } from '../operations/snapshots.ts'
import { analyzeYoungTables } from '../operations/young-tables.ts'
import type { Commands } from './commands.ts'
import type { Redis } from './redis.ts'
import type { Shared } from './shared.ts'

const SWEEP_INTERVAL_MS = 3_600_000
/** How long a claim to a batch reference is kept if no batch was created for it. */
const CLAIM_RETENTION_HOURS = 24
const SNAPSHOT_CHECK_MS = 10_000
/** How often tables that have grown quickly are analyzed. */
const YOUNG_TABLES_CHECK_MS = 500

/** Starts the tasks of the `sweeper` role: sweeping, checks of the database, and the intake of commands from Redis. */
export function startUpkeep(shared: Shared, { db, streams, dispatch }: Commands, redis: Redis | null): void {
  const { config, logger, now, warn, every, onClose } = shared
  const hoursAgo = (hours: number) => new Date(now().getTime() - hours * 3_600_000)
  async function sweep(): Promise<void> {
    await sweepReceipts(db, hoursAgo(config.receiptRetentionHours))
    await sweepClaims(db, config.partitions, hoursAgo(CLAIM_RETENTION_HOURS))
  }
  every(SWEEP_INTERVAL_MS, sweep, warn('sweeping receipts and claims failed'))
  every(SNAPSHOT_CHECK_MS, createSnapshotCheck(db, logger), warn('checking for open snapshots failed'))
  every(YOUNG_TABLES_CHECK_MS, () => analyzeYoungTables(db), warn('analyzing young tables failed'))
  if (redis === null) return
  const intake = startIntake({ redis: redis.link, dispatch, positions: streams, now, onError: redis.onError })
  onClose(() => intake.close())
}

export const measureSnapshots = ({ instruments }: Shared, { db }: Commands): void =>
  registerOldestSnapshot(instruments, async () => (await oldestSnapshot(db))?.seconds ?? 0)
