/**
 * Response bodies of queries that read only rows in memory. As long as memory still holds the same rows, executing the query again
 * would produce the same body.
 */
import type { LRUCache } from 'lru-cache'
import type { ClientMemory } from '../admission/client-memory.ts'
import type { KnownOperation } from './known-operations.ts'
import type { Dependency } from '../graphql/traced-context.ts'

interface CachedResponse {
  readonly body: string
  readonly dependencies: readonly Dependency[]
}

/** Estimated memory per response beside its text, and per dependency. */
const OVERHEAD_BYTES = 500
const MAX_KEY_CHARACTERS = 500
const CHARACTER_BYTES = 2
/** Part of the memory share that is for keys seen once. */
const SEEN_ONCE_PART = 0.2

export class ResponseCache {
  readonly #responses: LRUCache<string, CachedResponse>
  readonly #seenOnce: LRUCache<string, string>

  constructor(memory: ClientMemory) {
    this.#responses = memory.cache(
      'answers',
      ({ body, dependencies }, key) =>
        CHARACTER_BYTES * (body.length + key.length) + OVERHEAD_BYTES * (1 + dependencies.length),
      { part: 1 - SEEN_ONCE_PART },
    )
    this.#seenOnce = memory.cache('answers', (_, key) => CHARACTER_BYTES * key.length + OVERHEAD_BYTES, {
      part: SEEN_ONCE_PART,
    })
  }

  get(key: string): string | undefined {
    const response = this.#responses.get(key)
    return response?.dependencies.every(isUnchanged) === true ? response.body : undefined
  }

  /** Keeps a response when its key is seen for the second time, so that keys seen only once do not evict the others. */
  set(key: string, body: string, dependencies: readonly Dependency[]): void {
    if (key.length > MAX_KEY_CHARACTERS) return
    if (this.#responses.has(key) || this.#seenOnce.delete(key)) {
      this.#responses.set(key, { body, dependencies })
      return
    }
    this.#seenOnce.set(key, 'once')
  }
}

/** The cache key of an operation with its variables. */
export const cacheKeyOf = ({ id }: KnownOperation, variables: object | undefined): string =>
  `${id} ${JSON.stringify(variables)}`

/** A row that has changed is a new object. */
function isUnchanged({ peek, key, rows }: Dependency): boolean {
  const present = peek(key)
  return present?.length === rows.length && present.every((row, at) => row === rows[at])
}
