import { setImmediate as nextTurn } from 'node:timers/promises'

/** Longer than this, nobody else is kept waiting. */
const SLICE_MS = 10

/** Runs work that yields now and then, and lets others run in between when it takes long. */
export async function inSlices<Result>(work: Generator<void, Result>): Promise<Result> {
  for (let startedAt = performance.now(); ;) {
    const { done, value } = work.next()
    if (done) return value
    if (performance.now() - startedAt < SLICE_MS) continue
    await nextTurn()
    startedAt = performance.now()
  }
}
