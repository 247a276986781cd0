import type { Bookmark } from './bookmark.ts'
import type { OnhandClientError } from './errors.ts'
import type { ConnectionStatus } from './liveness.ts'

export interface Listener<Data> {
  next(data: Data): void
  /** Called when the log was replaced: earlier results are void, and the present state follows. Without it, the subscription ends. */
  restarted?(): void
  state?(status: ConnectionStatus): void
  /** @param error null if there was none */
  ended(error: OnhandClientError | null): void
}

/** Starts, or resumes at the bookmark. @returns a function that ends it */
export type Follow = <Data>(bookmark: Bookmark, listener: Listener<Data>) => () => void

/** Limit on results that wait for a loop. */
const MAX_WAITING = 1000

/**
 * Yields results to a loop that may be slow. If too many results wait, it unsubscribes, and resumes later without a loss.
 *
 * @param ends holds a function that ends the loop from outside, while it runs
 */
export function iterate<Data>(
  follow: Follow,
  bookmark: Bookmark,
  ends: Set<() => void>,
): AsyncGenerator<Data, void, void> {
  const waiting: Data[] = []
  let leave: (() => void) | null = null
  let ended = false
  let error: OnhandClientError | null = null
  let wake = (): void => {}

  function end(): void {
    ended = true
    ends.delete(end)
    pause()
    wake()
  }

  function pause(): void {
    const leaving = leave
    leave = null
    leaving?.()
  }

  const listener: Listener<Data> = {
    next(data) {
      waiting.push(data)
      if (waiting.length === MAX_WAITING) pause()
      wake()
    },
    ended(problem) {
      if (leave === null) return
      error = problem
      end()
    },
  }

  async function* results(): AsyncGenerator<Data, void, void> {
    ends.add(end)
    try {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift() as Data
        if (error !== null) throw error
        if (ended) return
        leave ??= follow(bookmark, listener)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      end()
    }
  }

  const generator = results()
  const giveUp = generator.return.bind(generator)
  // A generator's own `return` would wait for the result that is being awaited.
  generator.return = (value) => {
    end()
    return giveUp(value)
  }
  return generator
}
