/**
 * Lets a consumer take commits from the log. Each commit is taken completely or not at all, so no reader sees a state in the middle
 * of a command. If an event cannot be taken, the consumer takes only the commits before it. If an operator has marked the event to
 * be skipped, the consumer takes its commit without it.
 */
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint } from '../log/point.ts'
import { wholeCommits } from '../log/read.ts'
import type { LogEntry, LoggedEvent } from '../log/read.ts'
import type { Consumer, EventFailure } from './consumer.ts'
import type { ProjectedRow } from './projection.ts'

export interface Taken {
  /** The end of the last commit that was taken. */
  readonly to: LogPoint
  readonly rows: readonly ProjectedRow[]
  /** The event that prevents the next commit from being taken; null if all commits were taken. */
  readonly failure: EventFailure | null
}

/**
 * @param from the consumer's checkpoint
 * @param entries the whole commits directly after it
 * @param isSkipped whether an operator has marked an event to be skipped
 */
export async function takeCommits(
  consumer: Consumer,
  partition: Partition,
  from: LogPoint,
  entries: readonly LogEntry[],
  isSkipped: (position: LogPosition) => Promise<boolean>,
): Promise<Taken> {
  const skipped = new Set<LogPosition>()
  let commits = entries
  let failure: EventFailure | null = null
  for (;;) {
    const last = commits.at(-1)
    if (last === undefined) return { to: from, rows: [], failure }
    const wanted = skipped.size === 0 ? commits : commits.filter(({ position: at }) => !skipped.has(at))
    const to = { position: last.position, tag: last.tag as LogPoint['tag'] }
    const step = { from, to, events: wanted as readonly LoggedEvent[] }
    const unreadable = firstUnreadable(wanted)
    const consumed =
      unreadable === null ? await consumer.consume(partition, step) : { rows: [], failure: unreadable }
    if (consumed.failure === null) return { to, rows: consumed.rows, failure }
    const { position } = consumed.failure
    if (await isSkipped(position)) {
      skipped.add(position)
    } else {
      failure = consumed.failure
      commits = wholeCommits(commits.filter((entry) => entry.position < position))
    }
  }
}

function firstUnreadable(entries: readonly LogEntry[]): EventFailure | null {
  for (const entry of entries)
    if ('unreadable' in entry) return { position: entry.position, cause: entry.unreadable }
  return null
}

/** Describes a failure for operators. It begins with the event, which `onhand skip` recognizes by `stoppedAt`. */
export function describeFailure(partition: Partition, { position, cause }: EventFailure): string {
  return `${cannotTake(partition, position)}: ${cause instanceof Error ? cause.message : String(cause)}`
}

/** Whether a projection has stopped because of this event. */
export const stoppedAt = (error: string | null, partition: Partition, position: LogPosition): boolean =>
  error?.startsWith(`${cannotTake(partition, position)}:`) ?? false

const cannotTake = (partition: Partition, position: LogPosition): string =>
  `Event ${partition}:${position} cannot be taken`
