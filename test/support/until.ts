import { setTimeout as sleep } from 'node:timers/promises'

/** Ends tests that hang. It is long, because a slow machine may need most of it. */
const DEADLINE_MS = 120_000

/**
 * Calls `ask` until it returns a value other than false, undefined and null.
 *
 * @returns that value
 * @throws Error if there is none within `deadlineMs`
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
