import { setTimeout as sleep } from 'node:timers/promises'

/** It ends what hangs. A slow machine needs a good part of it. */
const DEADLINE_MS = 120_000

/**
 * Asks until the answer is neither false nor undefined nor null.
 *
 * @returns that answer
 * @throws Error when there was none in two minutes
 */
export async function until<T>(
  ask: () => T | false | undefined | null | Promise<T | false | undefined | null>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const answer = await ask()
    if (answer !== false && answer !== undefined && answer !== null) return answer
    if (performance.now() > deadline)
      throw new Error(`Waited ${deadlineMs} ms in vain for: ${ask.toString()}`)
    await sleep(5)
  }
}
