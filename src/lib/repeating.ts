import { setTimeout as sleep } from 'node:timers/promises'

export interface Repeating {
  /** Ends after the run that is under way. */
  readonly close: () => Promise<void>
}

/** Runs a task now and then again and again, each time so long after it ended; an error ends nothing. */
export function repeat(
  task: () => Promise<unknown>,
  pauseMs: number,
  onError: (error: unknown) => void,
): Repeating {
  const closing = new AbortController()
  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await task()
      } catch (error) {
        onError(error)
      }
      await sleep(pauseMs, undefined, { signal: closing.signal }).catch(() => {})
    }
  }
  const running = run()
  return {
    async close() {
      closing.abort()
      await running
    },
  }
}
