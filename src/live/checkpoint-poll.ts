/**
 * Polls the database slowly for the log's heads and the projections' checkpoints, because signals may be lost. The result is
 * passed on a moment later, so that a signal that is on its way is not mistaken for a lost one.
 */
import { setTimeout as sleep } from 'node:timers/promises'

export interface CheckpointPollOptions<Found> {
  readonly look: () => Promise<Found>
  readonly intervalMs: number
  /** Called `GRACE_MS` after the database answered. */
  readonly onFound: (found: Found) => void
  readonly onError: (error: unknown) => void
}

const GRACE_MS = 20

export class CheckpointPoll<Found> {
  readonly #options: CheckpointPollOptions<Found>
  readonly #closing = new AbortController()
  #running: Promise<void> | null = null
  /** The time of the database's last answer, by `performance.now()`. */
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

  /** Polls now. */
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
