/**
 * Looks now and then whether Redis still has what was written to it, for it may be emptied while nothing changes. When a
 * cluster lost a node, the one in its place may lack some of the last writes, which nothing shows: then all is written anew.
 */
import type { RedisLink } from '../lib/redis.ts'
import type { Session } from '../lib/postgres.ts'
import type { PartitionProgress } from '../projector/progress.ts'
import { AVAILABILITY_REDIS, isLost, restoreReadModel } from './read-model.ts'
import type { RedisAvailability } from './redis-availability.ts'

export interface ReadModelKeeperOptions {
  readonly link: RedisLink
  readonly redis: RedisAvailability
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
    const { progress, redis } = this.#options
    for (const { projection, partition, position } of await progress())
      if (projection === AVAILABILITY_REDIS && isLost(await redis.position(partition), position)) return true
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
