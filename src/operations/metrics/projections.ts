import { orTimeout } from '../../lib/deadline.ts'
import { lagOf } from '../../projector/progress.ts'
import type { PartitionProgress } from '../../projector/progress.ts'
import type { Instruments } from './instruments.ts'

/** Keeps a scrape from waiting for a database that does not answer. */
export const READ_TIMEOUT_MS = 4000

/** @returns a function that counts the events that a projector of this process has applied */
export function countProjectedEvents(instruments: Instruments): (projection: string, events: number) => void {
  const events = instruments.tally('onhand_projected_events_total', 'Events projected by this process.', [
    'projection',
  ])
  return (projection, count) => events.inc({ projection }, count)
}

/** Registers metrics that share one read of the database per scrape. If it fails, the scrape omits them. */
export function registerProgress(
  instruments: Instruments,
  read: () => Promise<readonly PartitionProgress[]>,
): void {
  let reading: Promise<readonly PartitionProgress[]> | null = null
  // A scrape collects all metrics concurrently.
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
  gauge('onhand_projection_lag_events', 'Events that a projection has not applied yet.', (row) => lagOf(row))
  gauge('onhand_projection_lag_seconds', 'How long the oldest of these events has been waiting.', (row) =>
    row.waitingSince === null ? 0 : (Date.now() - row.waitingSince.getTime()) / 1000,
  )
  gauge(
    'onhand_projection_stopped',
    '1 if the projection has stopped at an event that it cannot apply.',
    (row) => (row.error === null ? 0 : 1),
  )
}
