import { setTimeout as sleep } from 'node:timers/promises'
import type { LogPositions } from '../log/token.ts'
import type { PartitionProgress } from '../projector/progress.ts'
import type { Progress } from './progress.ts'

const POLL_MS = 10

/**
 * The progress of the projections on a replica. The projectors' signals are about the primary, and the replica lags behind it. So
 * this polls the replica, once for all waiting requests, until it has reached their tokens.
 */
export function createReplicaProgress(
  read: () => Promise<PartitionProgress[]>,
): Pick<Progress, 'has' | 'reached'> {
  let reading: Promise<PartitionProgress[]> | null = null

  function readTogether(): Promise<PartitionProgress[]> {
    reading ??= read().finally(() => {
      reading = null
    })
    return reading
  }

  return {
    // The position of the replica is never known without a read.
    has: () => false,
    async reached(projection: string, token: LogPositions, timeoutMs: number) {
      const deadline = performance.now() + timeoutMs
      for (;;) {
        const rows = (await readTogether()).filter((row) => row.isInLog && row.projection === projection)
        const positions = new Map(rows.map(({ partition, position }) => [partition, position]))
        if ([...token].every(([partition, position]) => position <= (positions.get(partition) ?? 0n)))
          return true
        if (performance.now() > deadline) return false
        await sleep(POLL_MS)
      }
    },
  }
}
