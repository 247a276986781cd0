import { randomBytes } from 'node:crypto'
import type { LogPosition } from '../domain/values.ts'

declare const brand: unique symbol

/** A random number that the last event of each commit carries. */
export type LogTag = bigint & { readonly [brand]: 'LogTag' }

/**
 * The end of a commit in a partition's log. A position alone does not identify it: after a failover that lost commits, or a
 * restore, other events can stand at the same positions. Whatever a process remembers of the log is true only as long as the
 * log still has this tag at this position.
 */
export interface LogPoint {
  readonly position: LogPosition
  readonly tag: LogTag
}

/** Where a log begins, before its first event. */
export const LOG_ORIGIN: LogPoint = { position: 0n as LogPosition, tag: 0n as LogTag }

export const newTag = (): LogTag => randomBytes(8).readBigInt64BE() as LogTag

export const samePoint = (a: LogPoint, b: LogPoint): boolean => a.position === b.position && a.tag === b.tag
