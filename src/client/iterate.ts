import type { Bookmark } from './bookmark.ts'
import type { OnhandClientError } from './errors.ts'
import type { ConnectionStatus } from './liveness.ts'

export interface Listener<Data> {
  next(data: Data): void
  /** What came so far is void, and what comes is the present. Without it, that is the end. */
  restarted?(): void
  state?(status: ConnectionStatus): void
  /** Null: nothing went wrong. */
  ended(error: OnhandClientError | null): void
}

/** Begins, or goes on where the bookmark is. @returns a function that ends it */
export type Follow = <Data>(bookmark: Bookmark, listener: Listener<Data>) => () => void

/** Results that a loop may be behind. */
const MAX_WAITING = 1000

/**
 * Results for a loop that takes its time: of one that is too far behind nothing is lost, since whoever leaves
 * can resume.
 *
 * @param ends gets a function that ends it from without, for as long as it goes on
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
  // Also while a result is awaited, which a generator's own `return` would wait for.
  generator.return = (value) => {
    end()
    return giveUp(value)
  }
  return generator
}
