import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { ConsistencyToken } from '../log/token.ts'
import type { Progress } from './progress.ts'

/** A point in the log, or all that there is at the moment of asking. */
export type AskedToken = ConsistencyToken | 'latest'

/** The projection did not get to the point in time; asked again, it may have. */
export class ProjectionLagging extends Error {
  override readonly name = 'ProjectionLagging'
}

/** Waits until a read of the projection shows at least what is asked for. */
export type AwaitConsistency = (projection: string, asked: AskedToken) => Promise<void>

export interface ConsistencyOptions {
  readonly progress: Pick<Progress, 'reached'>
  /** The log's heads, read now. */
  readonly heads: () => Promise<ReadonlyMap<Partition, LogPosition>>
  readonly timeoutMs: number
}

/** @throws ProjectionLagging from the function that is returned */
export function createConsistency({ progress, heads, timeoutMs }: ConsistencyOptions): AwaitConsistency {
  return async (projection, asked) => {
    const token = asked === 'latest' ? await heads() : asked
    if (!(await progress.reached(projection, token, timeoutMs))) {
      throw new ProjectionLagging(
        `The projection ${projection} has not come to ${asked === 'latest' ? 'the latest event' : 'the token'} within ${timeoutMs} ms.`,
      )
    }
  }
}
