/**
 * Checks whether Redis still has what was written to it, because it may be emptied while nothing changes, and whether the log still
 * has it, because the database may lose its last commits. If a Redis cluster loses a node, the replacing node may lack the last
 * writes without any sign of it, so then everything is rewritten.
 */
import type { RedisLink } from '../lib/redis.ts'
import type { Database, Session } from '../lib/postgres.ts'
import type { PartitionProgress } from '../projector/progress.ts'
import { AVAILABILITY_REDIS, isLost, restoreReadModel } from './read-model.ts'
import type { RedisAvailability } from './redis-availability.ts'

export interface ReadModelMonitorOptions {
  readonly link: RedisLink
  readonly redis: RedisAvailability
  /** To read the history of the log. */
  readonly db: Database
  readonly progress: () => Promise<PartitionProgress[]>
  readonly openSession: () => Session
}

export class ReadModelMonitor {
  readonly #options: ReadModelMonitorOptions
  #nodeLost = false

  constructor(options: ReadModelMonitorOptions) {
    this.#options = options
    options.link.onFound((client) =>
      client.on('-node', () => {
        this.#nodeLost = true
      }),
    )
  }

  /** @throws if it cannot be restored now; the next check tries again */
  async check(): Promise<void> {
    if (this.#nodeLost) {
      this.#nodeLost = false
      await this.#restore('always').catch((error: unknown) => {
        this.#nodeLost = true
        throw error
      })
    } else if (await this.#isLost()) await this.#restore('lost')
  }

  async #isLost(): Promise<boolean> {
    const { db, progress, redis } = this.#options
    for (const { projection, partition, position, tag } of await progress()) {
      if (projection !== AVAILABILITY_REDIS) continue
      if (await isLost(db, partition, await redis.mark(partition), { position, tag })) return true
    }
    return false
  }

  async #restore(when: 'lost' | 'always'): Promise<void> {
    const session = this.#options.openSession()
    try {
      await restoreReadModel(session, this.#options.redis, when)
    } finally {
      await session.close()
    }
  }
}
