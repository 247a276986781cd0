import { randomBytes } from 'node:crypto'
import type { LogPosition } from '../domain/values.ts'

declare const brand: unique symbol

/** A random number that the last event of each commit carries. */
export type LogTag = bigint & { readonly [brand]: 'LogTag' }

/**
 * The end of a commit in a partition's log. A position alone does not identify it: after a failover that lost commits, or
 * after a restore, other events can have the same positions. What a process remembers of the log is valid only while the log
 * still has this tag at this position.
 */
export interface LogPoint {
  readonly position: LogPosition
  readonly tag: LogTag
}

/** The point before the first event of a log. */
export const LOG_ORIGIN: LogPoint = { position: 0n as LogPosition, tag: 0n as LogTag }

export const newTag = (): LogTag => randomBytes(8).readBigInt64BE() as LogTag

export const samePoint = (a: LogPoint, b: LogPoint): boolean => a.position === b.position && a.tag === b.tag
