/**
 * Lets a consumer take commits from the log. Either all of a commit is taken or nothing, so that nobody ever sees a state in the
 * middle of a command. If an event cannot be taken, the consumer takes the commits before it. If an operator has said to leave
 * the event out, the consumer takes the rest of its commit as if the event were not there.
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
  /** The event because of which the next commit cannot be taken; null if all were. */
  readonly failure: EventFailure | null
}

/**
 * @param from where the consumer is
 * @param entries the whole commits that follow
 * @param isSkipped whether an operator has said to leave an event out
 */
export async function takeCommits(
  consumer: Consumer,
  partition: Partition,
  from: LogPoint,
  entries: readonly LogEntry[],
  isSkipped: (position: LogPosition) => Promise<boolean>,
): Promise<Taken> {
  const leftOut = new Set<LogPosition>()
  let commits = entries
  let failure: EventFailure | null = null
  for (;;) {
    const last = commits.at(-1)
    if (last === undefined) return { to: from, rows: [], failure }
    const wanted = leftOut.size === 0 ? commits : commits.filter(({ position: at }) => !leftOut.has(at))
    const to = { position: last.position, tag: last.tag as LogPoint['tag'] }
    const step = { from, to, events: wanted as readonly LoggedEvent[] }
    const unreadable = firstUnreadable(wanted)
    const consumed =
      unreadable === null ? await consumer.consume(partition, step) : { rows: [], failure: unreadable }
    if (consumed.failure === null) return { to, rows: consumed.rows, failure }
    const { position } = consumed.failure
    if (await isSkipped(position)) {
      leftOut.add(position)
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

/** What an operator reads, and what `onhand skip` looks for: the event stands in front. */
export function describeFailure(partition: Partition, { position, cause }: EventFailure): string {
  return `${cannotTake(partition, position)}: ${cause instanceof Error ? cause.message : String(cause)}`
}

/** Whether a projection has stopped because of this event. */
export const stoppedAt = (error: string | null, partition: Partition, position: LogPosition): boolean =>
  error?.startsWith(`${cannotTake(partition, position)}:`) ?? false

const cannotTake = (partition: Partition, position: LogPosition): string =>
  `Event ${partition}:${position} cannot be taken`
