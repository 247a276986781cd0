/**
 * Checks the tokens that queries wait for, and the cursors from which streams resume, against the current log. A forged token
 * costs at most one look at the database, which concurrent requests share.
 */
import { InvalidValue } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import { LogReplaced } from '../log/replaced.ts'
import { formatToken } from '../log/token.ts'
import type { ConsistencyToken, Epoch, LogCursor, LogPositions } from '../log/token.ts'
import type { PartitionProgress } from '../projector/progress.ts'
import type { Progress } from './progress.ts'

/** A point in the log, or the end of the log at the time of the request. */
export type AskedToken = ConsistencyToken | 'latest'

/** The projection has not reached the point in time. A retry may succeed. */
export class ProjectionLagging extends Error {
  override readonly name = 'ProjectionLagging'
}

/** The maximum number of requests is already waiting. */
export class TooManyWaits extends Error {
  override readonly name = 'TooManyWaits'
}

/** Waits until a read of the projection shows at least the state at the token. */
export type AwaitConsistency = (projection: string, asked: AskedToken) => Promise<void>

export interface Consistency {
  /** @throws InvalidValue, LogReplaced, ProjectionLagging, TooManyWaits */
  readonly reached: AwaitConsistency
  /**
   * Checks that the log has reached the cursor, in the cursor's epoch.
   *
   * @returns null if this process already knows that; otherwise a promise of the check
   * @throws InvalidValue, LogReplaced, TooManyWaits; the promise may also reject with them
   */
  readonly admit: (cursor: LogCursor) => Promise<void> | null
}

/** What this process remembers of the log. */
export interface KnownHistory {
  readonly epoch: Epoch
  /** The last known head of a partition. */
  readonly head: (partition: Partition) => LogPosition
  /** Reads the current state from the database. */
  readonly look: () => Promise<{ readonly progress: readonly PartitionProgress[] }>
}

export interface ConsistencyOptions {
  readonly history: KnownHistory
  readonly progress: Pick<Progress, 'has' | 'reached'>
  readonly partitions: number
  readonly timeoutMs: number
  readonly maxWaits: number
}

export function createConsistency(options: ConsistencyOptions): Consistency {
  const { history, progress, partitions, timeoutMs, maxWaits } = options
  let waits = 0

  async function bounded<T>(wait: () => Promise<T>): Promise<T> {
    if (waits >= maxWaits)
      throw new TooManyWaits(`${maxWaits} reads are already waiting; send this one again in a moment.`)
    waits += 1
    try {
      return await wait()
    } finally {
      waits -= 1
    }
  }

  /** Whether this process already knows that all positions of a cursor are part of the log. */
  function isKnown({ epoch, positions }: LogCursor): boolean {
    if (epoch !== null && epoch !== history.epoch) return false
    return [...positions].every(([partition, position]) => position <= history.head(partition))
  }

  function checkPartitions(positions: LogPositions): void {
    for (const partition of positions.keys()) {
      if (partition >= partitions)
        throw new InvalidValue(`The log has ${partitions} partitions; there is no partition ${partition}.`)
    }
  }

  function admit(cursor: LogCursor): Promise<void> | null {
    checkPartitions(cursor.positions)
    // The signal that the log has grown may be late, so check the database.
    return isKnown(cursor) ? null : bounded(() => lookFor(cursor))
  }

  async function lookFor(cursor: LogCursor): Promise<void> {
    await history.look()
    if (isKnown(cursor)) return
    throw new LogReplaced(
      cursor.epoch === null || cursor.epoch === history.epoch
        ? 'The token or cursor is beyond the end of the log: the log was replaced, or the token belongs to another log. Start again from the current state.'
        : 'The token or cursor belongs to an epoch that has ended: the log was replaced. Start again from the current state.',
    )
  }

  async function latest(): Promise<LogPositions> {
    const heads = new Map<Partition, LogPosition>()
    for (const { partition, head } of (await history.look()).progress) heads.set(partition, head.position)
    return heads
  }

  return {
    admit,
    async reached(projection, asked) {
      if (asked !== 'latest') await admit(asked)
      const positions = asked === 'latest' ? await bounded(latest) : asked.positions
      if (progress.has(projection, positions)) return
      if (await bounded(() => progress.reached(projection, positions, timeoutMs))) return
      const point = asked === 'latest' ? 'the latest event' : 'the token'
      throw new ProjectionLagging(
        `The projection ${projection} has not reached ${point} within ${timeoutMs} ms.`,
      )
    },
  }
}

/** Shares waits within one request: fields that ask for the same token wait together. */
export function waitTogether(reached: AwaitConsistency): AwaitConsistency {
  let waits: Map<string, Promise<void>> | null = null
  return (projection, asked) => {
    waits ??= new Map()
    const key = `${projection} ${asked === 'latest' ? asked : formatToken(asked)}`
    const under = waits.get(key)
    if (under !== undefined) return under
    const wait = reached(projection, asked)
    waits.set(key, wait)
    return wait
  }
}
