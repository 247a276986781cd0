/**
 * A slow look at the database, for all that signals may have lost: where the log's heads are, and how far the
 * projections. What it finds ahead is believed only if it is still ahead a moment later, so that a signal that is
 * just under way is not mistaken for a lost one.
 */
import { setTimeout as sleep } from 'node:timers/promises'

export interface CheckpointPollOptions<Found> {
  readonly look: () => Promise<Found>
  readonly intervalMs: number
  /** A moment later. */
  readonly onFound: (found: Found) => void
  readonly onError: (error: unknown) => void
}

const GRACE_MS = 20

export class CheckpointPoll<Found> {
  readonly #options: CheckpointPollOptions<Found>
  readonly #closing = new AbortController()
  #running: Promise<void> | null = null
  /** When the database last answered, by `performance.now()`. */
  lastAnswerAt = -Infinity

  constructor(options: CheckpointPollOptions<Found>) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  /** Looks now. */
  async poll(): Promise<void> {
    try {
      const found = await this.#options.look()
      this.lastAnswerAt = performance.now()
      await this.#pause(GRACE_MS)
      if (!this.#closing.signal.aborted) this.#options.onFound(found)
    } catch (error) {
      this.#options.onError(error)
    }
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await this.poll()
      await this.#pause(this.#options.intervalMs)
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => {})
  }
}
