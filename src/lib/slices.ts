/**
 * Long work in slices, so that the process answers others meanwhile. Whoever works asks `isOver` now and then, and where the time
 * of this turn of the event loop is used up, waits for `next`. Any number of workers share one time; they go on in the order in
 * which they have begun to wait.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { deferred } from './deferred.ts'
import type { Deferred } from './deferred.ts'

export class Slices {
  readonly #sliceMs: number
  readonly #waiting: Deferred<void>[] = []
  /** When the work of this turn has begun; null before it has. */
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

  /** @returns in a later turn */
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
      for (const turn of this.#waiting.splice(0, BATCH)) {
        turn.resolve()
        // What waited goes on before the next one is let go.
        await Promise.resolve().then(() => {})
        if (this.isOver) await nextTurn()
      }
    }
    this.#releasing = false
  }
}

/** Taken from the front of the queue together: taking them one by one would move the whole queue each time. */
const BATCH = 1000
