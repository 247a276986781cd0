/**
 * Looks now and then whether Redis still has what was written to it, for it may be emptied while nothing changes, and whether the
 * log still has it, for a database may lose its last commits. When a
 * cluster lost a node, the one in its place may lack some of the last writes, which nothing shows: then all is written anew.
 */
import type { RedisLink } from '../lib/redis.ts'
import type { Database, Session } from '../lib/postgres.ts'
import type { PartitionProgress } from '../projector/progress.ts'
import { AVAILABILITY_REDIS, isLost, restoreReadModel } from './read-model.ts'
import type { RedisAvailability } from './redis-availability.ts'

export interface ReadModelKeeperOptions {
  readonly link: RedisLink
  readonly redis: RedisAvailability
  /** For looks at the log's history. */
  readonly db: Database
  readonly progress: () => Promise<PartitionProgress[]>
  readonly openSession: () => Session
}

export class ReadModelKeeper {
  readonly #options: ReadModelKeeperOptions
  #nodeLost = false

  constructor(options: ReadModelKeeperOptions) {
    this.#options = options
    options.link.onFound((client) =>
      client.on('-node', () => {
        this.#nodeLost = true
      }),
    )
  }

  /** @throws why it cannot be restored now; it is then tried again at the next check */
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
