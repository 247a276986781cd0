/**
 * Remembers the last point of the log that a part of this process has received, and the earlier points that may belong to
 * another history.
 *
 * A point that follows directly after the last one belongs to the same history. Any other point may not: then the last one is
 * kept as unconfirmed until it has been found in the log. As long as the log has all points of a trail, everything that the
 * process remembers up to them is valid.
 */
import { LOG_ORIGIN, samePoint } from './point.ts'
import type { LogPoint } from './point.ts'

/** At this many unconfirmed points, further points are dropped until some are confirmed. The log is read for what is missed. */
const MAX_UNCONFIRMED = 64

export class Trail {
  point: LogPoint = LOG_ORIGIN
  #unconfirmed: LogPoint[] = []

  /**
   * @param from the point directly before `to`; null if it is not known
   * @returns false if `to` is not beyond the last point, or is dropped
   */
  move(to: LogPoint, from: LogPoint | null): boolean {
    if (to.position <= this.point.position) return false
    if (from === null || !samePoint(from, this.point)) {
      if (this.#unconfirmed.length === MAX_UNCONFIRMED) return false
      if (isIdentified(this.point)) this.#unconfirmed.push(this.point)
    }
    this.point = to
    return true
  }

  /** The points that the log must have; if it lacks one, what the process remembers belongs to another history. */
  get remembered(): readonly LogPoint[] {
    return isIdentified(this.point) ? [...this.#unconfirmed, this.point] : [...this.#unconfirmed]
  }

  /** Confirms points that have been found in the log. */
  confirm(found: readonly LogPoint[]): void {
    this.#unconfirmed = this.#unconfirmed.filter((point) => !found.includes(point))
  }

  reset(): void {
    this.point = LOG_ORIGIN
    this.#unconfirmed = []
  }
}

/** A checkpoint after an event that an operator had skipped has no tag, so it cannot be looked up. */
const isIdentified = ({ tag }: LogPoint): boolean => tag !== LOG_ORIGIN.tag
