/**
 * Caches pages of rendered movements for members that resume. Members of a group at the same cursor share a page, which is read and
 * rendered once.
 */
import type { LRUCache } from 'lru-cache'
import type { LedgerCursor } from '../live/ledger-feed.ts'
import type { ClientMemory } from '../admission/client-memory.ts'
import type { Frame } from './frame.ts'

export interface ReplayPage {
  readonly frames: readonly Frame[]
  /** The ledger's cursor after the last frame. */
  readonly end: LedgerCursor
}

/** Estimated memory per frame beside its text. */
const FRAME_BYTES = 300
/** Members that resume at the same time reach the same page within this time. */
const MAX_AGE_MS = 5000

export class ReplayPages {
  readonly #pages: LRUCache<string, ReplayPage>
  readonly #pending = new Map<string, Promise<ReplayPage>>()

  constructor(memory: ClientMemory) {
    this.#pages = memory.cache(
      'replays',
      ({ frames }, key) =>
        frames.reduce((sum, { payload }) => sum + payload.length + FRAME_BYTES, key.length + FRAME_BYTES),
      { ttl: MAX_AGE_MS },
    )
  }

  async get(key: string, make: () => Promise<ReplayPage>): Promise<ReplayPage> {
    const cached = this.#pages.get(key)
    if (cached !== undefined) return cached
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    const making = make().finally(() => this.#pending.delete(key))
    this.#pending.set(key, making)
    const page = await making
    this.#pages.set(key, page)
    return page
  }
}
