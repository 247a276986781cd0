import { orTimeout } from '../../lib/deadline.ts'
import { lagOf } from '../../projector/progress.ts'
import type { PartitionProgress } from '../../projector/progress.ts'
import type { Instruments } from './instruments.ts'

/** A scrape is not to wait for a database that does not answer. */
export const READ_TIMEOUT_MS = 4000

/** @returns counts the events that a projector of this process has taken */
export function countProjectedEvents(instruments: Instruments): (projection: string, events: number) => void {
  const events = instruments.tally('onhand_projected_events_total', 'Events projected by this process.', [
    'projection',
  ])
  return (projection, count) => events.inc({ projection }, count)
}

/** All from one read of the database for each scrape; while that fails, they are left out rather than wrong. */
export function registerProgress(
  instruments: Instruments,
  read: () => Promise<readonly PartitionProgress[]>,
): void {
  let reading: Promise<readonly PartitionProgress[]> | null = null
  // All metrics of a scrape are collected at once.
  const rows = () =>
    (reading ??= orTimeout(read(), READ_TIMEOUT_MS)
      .catch(() => [])
      .finally(() => (reading = null)))
  const gauge = (name: string, help: string, valueOf: (row: PartitionProgress) => number) =>
    instruments.gauges(name, help, ['projection', 'partition'], async () =>
      (await rows()).map((row) => [{ projection: row.projection, partition: row.partition }, valueOf(row)]),
    )
  instruments.gauges('onhand_log_head', 'Events in the log.', ['partition'], async () =>
    (await rows()).map(({ partition, head }) => [{ partition }, Number(head.position)]),
  )
  gauge('onhand_projection_lag_events', 'Events that a projection has not taken yet.', (row) => lagOf(row))
  gauge('onhand_projection_lag_seconds', 'How long the first of these events has been waiting.', (row) =>
    row.waitingSince === null ? 0 : (Date.now() - row.waitingSince.getTime()) / 1000,
  )
  gauge('onhand_projection_stopped', '1 if the projection met an event that it cannot take.', (row) =>
    row.error === null ? 0 : 1,
  )
}
