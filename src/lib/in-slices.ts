import { setImmediate as nextTurn } from 'node:timers/promises'

/** After this time, the work pauses for one turn of the event loop. */
const SLICE_MS = 10

/** Runs work that yields regularly, and pauses between its steps so that it does not block the event loop for long. */
export async function inSlices<Result>(work: Generator<void, Result>): Promise<Result> {
  for (let startedAt = performance.now(); ;) {
    const { done, value } = work.next()
    if (done) return value
    if (performance.now() - startedAt < SLICE_MS) continue
    await nextTurn()
    startedAt = performance.now()
  }
}
