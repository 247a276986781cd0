import { setTimeout as sleep } from 'node:timers/promises'

export interface Repeating {
  /** Ends the repetition, and waits for the current run. */
  readonly close: () => Promise<void>
}

/** Runs a task at once, and again `pauseMs` after each run has ended. An error does not end the repetition. */
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
