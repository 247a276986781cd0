/** The progress of each projection as a stream: the current state, then changes, at most one per interval. */
import { LatestQueue } from '../lib/latest-queue.ts'
import { summarizeProgress } from '../projector/progress.ts'
import type { PartitionProgress, ProjectionProgress } from '../projector/progress.ts'

export interface ProgressStreamOptions {
  readonly read: () => Promise<PartitionProgress[]>
  /** Adds a listener that is called when a projection has advanced; returns a function that removes it. */
  readonly onProgress: (listener: () => void) => () => void
  readonly intervalMs: number
  readonly onError: (error: unknown) => void
}

type Queue = LatestQueue<string, ProjectionProgress>

export class ProgressStream {
  readonly #options: ProgressStreamOptions
  readonly #queues = new Set<Queue>()
  #last = new Map<string, ProjectionProgress>()
  #timer: NodeJS.Timeout | null = null
  #stopListening: (() => void) | null = null

  constructor(options: ProgressStreamOptions) {
    this.#options = options
  }

  subscribe(): AsyncGenerator<ProjectionProgress, void, void> {
    const queue: Queue = new LatestQueue(() => this.#leave(queue))
    this.#queues.add(queue)
    for (const progress of this.#last.values()) queue.put(progress.name, progress)
    if (this.#stopListening === null) {
      this.#stopListening = this.#options.onProgress(() => this.#schedule(this.#options.intervalMs))
      this.#schedule(0)
    }
    return queue
  }

  #leave(queue: Queue): void {
    this.#queues.delete(queue)
    if (this.#queues.size > 0) return
    this.#stopListening?.()
    this.#stopListening = null
    this.#last = new Map()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #schedule(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#publish().catch(this.#options.onError)
    }, delayMs)
  }

  async #publish(): Promise<void> {
    for (const progress of summarizeProgress(await this.#options.read(), new Date())) {
      const last = this.#last.get(progress.name)
      if (
        last?.position === progress.position &&
        last.head === progress.head &&
        last.status === progress.status
      )
        continue
      this.#last.set(progress.name, progress)
      for (const queue of this.#queues) queue.put(progress.name, progress)
      // A projection that is behind will advance, or its status will change with the time, so check it again.
      if (progress.lag > 0) this.#schedule(this.#options.intervalMs)
    }
  }
}
