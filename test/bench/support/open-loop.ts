import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Sends requests at a fixed rate, whether earlier requests have been answered or not, so a slow system does not reduce the load.
 * Timers have a resolution of a millisecond, so requests within one are sent together.
 *
 * @param ask gets the time when its request was due, by `performance.now()`
 */
export async function openLoop(
  perSecond: number,
  durationMs: number,
  ask: (dueAt: number) => Promise<unknown>,
): Promise<void> {
  const startedAt = performance.now()
  const count = Math.round((perSecond * durationMs) / 1000)
  const asked: Promise<unknown>[] = []
  while (asked.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - startedAt) * perSecond) / 1000))
    while (asked.length < due) asked.push(ask(startedAt + (asked.length * 1000) / perSecond))
    await sleep(1)
  }
  await Promise.all(asked)
}
