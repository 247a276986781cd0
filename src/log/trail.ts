/**
 * The last point of the log that a part of this process has heard of, and earlier ones that may be of another history.
 *
 * A point that follows directly on the last one is of the same history. Any other may not be: then the last one stays as a
 * suspect, until a look at the log has found it there. So as long as the log has all points that a trail remembers,
 * everything is true that the process remembers up to them.
 */
import { LOG_ORIGIN, samePoint } from './point.ts'
import type { LogPoint } from './point.ts'

/** More points than this are not taken before some have been found in the log; what is missed until then is read. */
const MAX_SUSPECTS = 64

export class Trail {
  point: LogPoint = LOG_ORIGIN
  #suspects: LogPoint[] = []

  /**
   * @param from the point that `to` follows on directly; null if that is not known
   * @returns false if it leads no further, or cannot be taken now
   */
  move(to: LogPoint, from: LogPoint | null): boolean {
    if (to.position <= this.point.position) return false
    if (from === null || !samePoint(from, this.point)) {
      if (this.#suspects.length === MAX_SUSPECTS) return false
      if (isIdentified(this.point)) this.#suspects.push(this.point)
    }
    this.point = to
    return true
  }

  /** What the log must have, or all that was remembered is of another history. */
  get remembered(): readonly LogPoint[] {
    return isIdentified(this.point) ? [...this.#suspects, this.point] : [...this.#suspects]
  }

  /** The log has all of these, which were remembered a moment ago. */
  confirm(found: readonly LogPoint[]): void {
    this.#suspects = this.#suspects.filter((suspect) => !found.includes(suspect))
  }

  reset(): void {
    this.point = LOG_ORIGIN
    this.#suspects = []
  }
}

/** A checkpoint after an event that an operator had left out carries no tag: nothing can be found by it. */
const isIdentified = ({ tag }: LogPoint): boolean => tag !== LOG_ORIGIN.tag
