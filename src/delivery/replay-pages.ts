/**
 * Pages of movements as frames, for those who resume. Members of a group that are at the same point are given the same page: it is
 * read once and rendered once.
 */
import type { LRUCache } from 'lru-cache'
import type { LedgerCursor } from '../live/ledger-feed.ts'
import type { ClientMemory } from '../admission/client-memory.ts'
import type { Frame } from './frame.ts'

export interface ReplayPage {
  readonly frames: readonly Frame[]
  /** The ledger as of the last of them. */
  readonly end: LedgerCursor
}

/** What a frame takes beside its text. */
const FRAME_BYTES = 300
/** A page is wanted for as long as others are about to come to it. */
const MAX_AGE_MS = 5000

export class ReplayPages {
  readonly #pages: LRUCache<string, ReplayPage>
  readonly #beingMade = new Map<string, Promise<ReplayPage>>()

  constructor(memory: ClientMemory) {
    this.#pages = memory.cache(
      'replays',
      ({ frames }, key) =>
        frames.reduce((sum, { payload }) => sum + payload.length + FRAME_BYTES, key.length + FRAME_BYTES),
      { ttl: MAX_AGE_MS },
    )
  }

  async get(key: string, make: () => Promise<ReplayPage>): Promise<ReplayPage> {
    const known = this.#pages.get(key)
    if (known !== undefined) return known
    const before = this.#beingMade.get(key)
    if (before !== undefined) return before
    const making = make().finally(() => this.#beingMade.delete(key))
    this.#beingMade.set(key, making)
    const page = await making
    this.#pages.set(key, page)
    return page
  }
}
