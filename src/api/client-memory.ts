/**
 * What clients can make this process keep, in bytes, under one limit. Each purpose has a share of its own, so that what fills one
 * takes nothing from the others. A cache forgets what was used longest ago. What is held for live operations cannot be forgotten:
 * where its share is full, new operations are refused. Bytes are estimated so that they are rather too many.
 */
import { LRUCache } from 'lru-cache'

const SHARES = {
  /** Documents of queries and mutations that Apollo has found good, with their plans. */
  documents: 0.14,
  /** The same documents, as Apollo itself keeps them. */
  apolloDocuments: 0.1,
  /** Documents of live operations, with their plans. */
  liveDocuments: 0.1,
  /** Whether documents are within the limits, and what URLs ask for. */
  checks: 0.06,
  persistedQueries: 0.05,
  answers: 0.1,
  /** Groups: their documents, variables, and last results. */
  liveOperations: 0.25,
  /** What slow clients have not taken yet. */
  backlogs: 0.15,
  replays: 0.05,
}

export type Purpose = keyof typeof SHARES

/** What one owner holds of a share. */
export interface Holding {
  /** @returns false if there is no room; nothing is taken then */
  readonly take: (bytes: number) => boolean
  readonly give: (bytes: number) => void
  /** Gives back everything. */
  readonly release: () => void
}

const MEGABYTE = 1024 * 1024

export class ClientMemory {
  readonly limitBytes: number
  readonly #held = new Map<Purpose, number>()
  readonly #caches = new Map<Purpose, { readonly calculatedSize: number }[]>()

  constructor(limitMegabytes: number) {
    this.limitBytes = limitMegabytes * MEGABYTE
  }

  /** The bytes of each purpose. */
  bytes(): Record<Purpose, number> {
    const entries = (Object.keys(SHARES) as Purpose[]).map((purpose) => {
      const cached = (this.#caches.get(purpose) ?? []).reduce((sum, cache) => sum + cache.calculatedSize, 0)
      return [purpose, cached + (this.#held.get(purpose) ?? 0)]
    })
    return Object.fromEntries(entries) as Record<Purpose, number>
  }

  /**
   * A cache that takes this part of a purpose's share.
   *
   * @param sizeOf an entry, in bytes
   */
  cache<Key extends object | string, Value extends object | string>(
    purpose: Purpose,
    sizeOf: (value: Value, key: Key) => number,
    { part = 1, ttl = 0 } = {},
  ): LRUCache<Key, Value> {
    const cache = new LRUCache<Key, Value>({
      maxSize: Math.floor(this.#shareOf(purpose) * part),
      sizeCalculation: (value, key) => Math.max(1, Math.ceil(sizeOf(value, key))),
      ttl,
    })
    this.#caches.set(purpose, [...(this.#caches.get(purpose) ?? []), cache])
    return cache
  }

  hold(purpose: Purpose): Holding {
    let mine = 0
    const add = (bytes: number) => {
      mine += bytes
      this.#held.set(purpose, (this.#held.get(purpose) ?? 0) + bytes)
    }
    return {
      take: (bytes) => {
        if ((this.#held.get(purpose) ?? 0) + bytes > this.#shareOf(purpose)) return false
        add(bytes)
        return true
      },
      give: (bytes) => add(-bytes),
      release: () => add(-mine),
    }
  }

  #shareOf(purpose: Purpose): number {
    return this.limitBytes * SHARES[purpose]
  }
}
