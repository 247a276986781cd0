/**
 * What clients hold of the log, checked against the log as it is: tokens that queries wait for, and cursors that streams go
 * on from. A forged one costs no more than a look at the database that all share.
 */
import { InvalidValue } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import { LogReplaced } from '../log/replaced.ts'
import { formatToken } from '../log/token.ts'
import type { ConsistencyToken, Epoch, LogCursor, LogPositions } from '../log/token.ts'
import type { PartitionProgress } from '../projector/progress.ts'
import type { Progress } from './progress.ts'

/** A point in the log, or all that there is at the moment of asking. */
export type AskedToken = ConsistencyToken | 'latest'

/** The projection did not get to the point in time; asked again, it may have. */
export class ProjectionLagging extends Error {
  override readonly name = 'ProjectionLagging'
}

/** As many requests wait already as may. */
export class TooManyWaits extends Error {
  override readonly name = 'TooManyWaits'
}

/** Waits until a read of the projection shows at least what is asked for. */
export type AwaitConsistency = (projection: string, asked: AskedToken) => Promise<void>

export interface Consistency {
  /** @throws InvalidValue, LogReplaced, ProjectionLagging, TooManyWaits */
  readonly reached: AwaitConsistency
  /**
   * Checks that the log has come to the cursor, in the cursor's epoch.
   *
   * @returns null if that is known; else when it has been found out
   * @throws InvalidValue, LogReplaced, TooManyWaits, also from the promise
   */
  readonly admit: (cursor: LogCursor) => Promise<void> | null
}

/** The log as this process knows it. */
export interface KnownHistory {
  readonly epoch: Epoch
  /** Where the log ends. */
  readonly head: (partition: Partition) => LogPosition
  /** Looks at the database. */
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
      throw new TooManyWaits(`${maxWaits} reads are waiting already; send this one again in a moment.`)
    waits += 1
    try {
      return await wait()
    } finally {
      waits -= 1
    }
  }

  /** Each partition's position of a cursor, if it is known to be part of the log. */
  function isKnown({ epoch, positions }: LogCursor): boolean {
    if (epoch !== null && epoch !== history.epoch) return false
    return [...positions].every(([partition, position]) => position <= history.head(partition))
  }

  function checkPartitions(positions: LogPositions): void {
    for (const partition of positions.keys()) {
      if (partition >= partitions)
        throw new InvalidValue(`The log has ${partitions} partitions; ${partition} is none of them.`)
    }
  }

  function admit(cursor: LogCursor): Promise<void> | null {
    checkPartitions(cursor.positions)
    // The signal that the log has come so far may be late.
    return isKnown(cursor) ? null : bounded(() => lookFor(cursor))
  }

  async function lookFor(cursor: LogCursor): Promise<void> {
    await history.look()
    if (isKnown(cursor)) return
    throw new LogReplaced(
      cursor.epoch === null || cursor.epoch === history.epoch
        ? 'The token or cursor is beyond the end of the log: the log was replaced, or the token is not its own. Start anew from the present.'
        : 'The token or cursor is of an epoch that has ended: the log was replaced. Start anew from the present.',
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
        `The projection ${projection} has not come to ${point} within ${timeoutMs} ms.`,
      )
    },
  }
}

/** For one request: those of its fields that ask for the same wait together. */
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
