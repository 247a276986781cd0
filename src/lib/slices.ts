/**
 * Splits long work into slices, so that the process can do other work in between. Each worker checks `isOver` regularly, and
 * waits for `next` when the time of this turn of the event loop is used up. All workers share this time, and continue in the
 * order in which they began to wait.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { deferred } from './deferred.ts'
import type { Deferred } from './deferred.ts'

export class Slices {
  readonly #sliceMs: number
  readonly #waiting: Deferred<void>[] = []
  /** The start of the work in this turn; null before it. */
  #since: number | null = null
  #releasing = false

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs
  }

  get isOver(): boolean {
    if (this.#since === null) {
      this.#since = performance.now()
      setImmediate(() => (this.#since = null))
      return false
    }
    return performance.now() - this.#since > this.#sliceMs
  }

  /** Waits for a later turn. */
  async next(): Promise<void> {
    const turn = deferred<void>()
    this.#waiting.push(turn)
    if (!this.#releasing) void this.#release()
    await turn.promise
  }

  async #release(): Promise<void> {
    this.#releasing = true
    while (this.#waiting.length > 0) {
      await nextTurn()
      for (const turn of this.#waiting.splice(0, MAX_RELEASED)) {
        turn.resolve()
        // Let the released worker continue before the next one is released.
        await Promise.resolve().then(() => {})
        if (this.isOver) await nextTurn()
      }
    }
    this.#releasing = false
  }
}

/** How many workers leave the queue together. Each removal moves the whole rest of the queue, so one by one would be slow. */
const MAX_RELEASED = 1000
