/**
 * What clients can make this process keep, in bytes, under one limit. Each purpose has a share of its own, so that what fills one
 * takes nothing from the others. A cache forgets what was used longest ago. What is held for live operations cannot be forgotten:
 * where its share is full, new operations are refused. Bytes are estimated so that they are rather too many.
 */
import { LRUCache } from 'lru-cache'
import { ClientShares } from './client-shares.ts'
import type { Client } from './client-shares.ts'

const SHARES = {
  /** Documents of queries and mutations that Apollo has found good, with their plans. */
  documents: 0.12,
  /** The same documents, as Apollo itself keeps them. */
  apolloDocuments: 0.08,
  /** Documents of live operations, with their plans. */
  liveDocuments: 0.08,
  /** Whether documents are within the limits, and what URLs ask for. */
  checks: 0.05,
  persistedQueries: 0.05,
  answers: 0.1,
  /** Groups: their documents and variables. */
  liveOperations: 0.18,
  /** Their last results, on the account of who has opened the group. Where there is no room, they are made again for whoever joins. */
  liveResults: 0.09,
  /** What slow clients have not taken yet. */
  backlogs: 0.12,
  /** Answers over HTTP that their clients have not read yet. */
  unreadAnswers: 0.08,
  replays: 0.05,
}

/** Of a share, one client can have this part. */
const PART_OF_A_CLIENT = 1 / 8

export type Purpose = keyof typeof SHARES

/** What one owner holds of a share. */
export interface Holding {
  /** @returns false if there is no room; nothing is taken then */
  readonly take: (bytes: number) => boolean
  readonly give: (bytes: number) => void
  readonly hasRoomFor: (bytes: number) => boolean
  /** Gives back everything. */
  readonly release: () => void
}

const MEGABYTE = 1024 * 1024

export class ClientMemory {
  readonly limitBytes: number
  readonly #held = new Map<Purpose, number>()
  readonly #clients = new Map<Purpose, ClientShares>()
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

  /** What each client has of a purpose's share. It limits the clients alone: `hold` limits all of them together. */
  perClient(purpose: Purpose): ClientShares {
    const clients = this.#clients.get(purpose) ?? new ClientShares(this.#shareOf(purpose) * PART_OF_A_CLIENT)
    this.#clients.set(purpose, clients)
    return clients
  }

  /** @param client on whose account it is held; null: whoever limits it otherwise does so */
  hold(purpose: Purpose, client: Client | null = null): Holding {
    const clients = this.perClient(purpose)
    let mine = 0
    const add = (bytes: number) => {
      mine += bytes
      if (client !== null && bytes < 0) clients.give(client, -bytes)
      this.#held.set(purpose, (this.#held.get(purpose) ?? 0) + bytes)
    }
    const hasRoomFor = (bytes: number) => (this.#held.get(purpose) ?? 0) + bytes <= this.#shareOf(purpose)
    return {
      hasRoomFor,
      take: (bytes) => {
        if (!hasRoomFor(bytes) || (client !== null && !clients.take(client, bytes))) return false
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
