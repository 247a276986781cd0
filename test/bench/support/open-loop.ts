import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks at a fixed rate, whether earlier questions have been answered or not: a system that falls behind does not slow down
 * those who ask. Timers are as fine as a millisecond, so what is due within one is asked together.
 *
 * @param ask is told when its question was due, by `performance.now()`
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
