/**
 * Limits the memory that clients can make this process use, in bytes. Each purpose has its own share, so that filling one share takes
 * nothing from the others. Caches evict the least recently used entries. Memory held for live operations cannot be evicted: if its share
 * is full, new operations are rejected. The estimates are rather too high than too low.
 */
import { LRUCache } from 'lru-cache'
import { ClientShares } from './client-shares.ts'
import type { Client } from './client-shares.ts'

const SHARES = {
  /** Documents of queries and mutations that Apollo has validated, with their compiled operations. */
  documents: 0.12,
  /** The same documents in Apollo's own cache. */
  apolloDocuments: 0.08,
  /** Documents of live operations, with their compiled operations. */
  liveDocuments: 0.08,
  /** Results of the documents' limit checks, and parsed URLs. */
  checks: 0.05,
  persistedQueries: 0.05,
  answers: 0.1,
  /** Documents and variables of live groups. */
  liveOperations: 0.18,
  /** The groups' last results, charged to the client that opened the group. If the share is full, results are rendered again for each new member. */
  liveResults: 0.09,
  /** Live results that slow clients have not read yet. */
  backlogs: 0.12,
  /** Answers over HTTP that their clients have not read yet. */
  unreadAnswers: 0.08,
  replays: 0.05,
}

/** The part of a share that one client can use. */
const PART_OF_A_CLIENT = 1 / 8

export type Purpose = keyof typeof SHARES

/** What one owner uses of a share. */
export interface Holding {
  /** @returns false, and takes nothing, if the share is full */
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

  /** Bytes in use, by purpose. */
  bytes(): Record<Purpose, number> {
    const entries = (Object.keys(SHARES) as Purpose[]).map((purpose) => {
      const cached = (this.#caches.get(purpose) ?? []).reduce((sum, cache) => sum + cache.calculatedSize, 0)
      return [purpose, cached + (this.#held.get(purpose) ?? 0)]
    })
    return Object.fromEntries(entries) as Record<Purpose, number>
  }

  /**
   * Creates a cache that uses a part of a purpose's share.
   *
   * @param sizeOf returns the bytes of an entry
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

  /** Each client's use of a purpose's share. This limits single clients; `hold` limits all of them together. */
  perClient(purpose: Purpose): ClientShares {
    const clients = this.#clients.get(purpose) ?? new ClientShares(this.#shareOf(purpose) * PART_OF_A_CLIENT)
    this.#clients.set(purpose, clients)
    return clients
  }

  /** @param client the client to charge; null: the caller charges clients itself, or none */
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
