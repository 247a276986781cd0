import { LRUCache } from 'lru-cache'
import type { RecordedEvent } from '../domain/events.ts'
import { inTurns } from '../lib/turns.ts'
import type { Partition } from '../log/partition.ts'
import type { Consumer, EventFailure } from './consumer.ts'
import type { ProjectedRow, Projection } from './projection.ts'
import { keyOfRow } from './rows.ts'
import type { Rows } from './rows.ts'

/** Events or rows per turn of the event loop, a few milliseconds of work. One command can have hundreds of thousands. */
const PIECE_SIZE = 500

/**
 * Creates the consumer that folds events into a projection's rows. It loads the current rows of each piece of events together,
 * and caches them until another process changes them. It writes only after all events of a step have been folded.
 *
 * @param maxCachedRows the maximum per partition
 */
export function createFold(projection: Projection, rows: Rows, maxCachedRows: number): Consumer {
  const caches = new Map<Partition, LRUCache<string, ProjectedRow>>()

  function cacheOf(partition: Partition): LRUCache<string, ProjectedRow> {
    let cache = caches.get(partition)
    if (cache === undefined) caches.set(partition, (cache = new LRUCache({ max: maxCachedRows })))
    return cache
  }

  return {
    name: projection.name,
    async consume(partition, { events }) {
      const cache = cacheOf(partition)
      const folding = new Folding(projection, partition)
      for await (const piece of inTurns(events, PIECE_SIZE)) {
        await addRows(folding, piece, cache)
        const failure = folding.fold(piece)
        if (failure !== null) return { rows: [], failure }
      }
      const changed = folding.changed()
      for await (const piece of inTurns(changed, PIECE_SIZE))
        await rows.save(partition, piece, folding.replacedBy(piece))
      for await (const piece of inTurns([...folding.latest], PIECE_SIZE))
        for (const [key, row] of piece) cache.set(key, row)
      return { rows: changed, failure: null }
    },
    evict: (partition) => caches.delete(partition),
  }

  /** Adds the current rows that a piece's events concern, from the cache or from the table. */
  async function addRows(
    folding: Folding,
    events: readonly RecordedEvent[],
    cache: LRUCache<string, ProjectedRow>,
  ): Promise<void> {
    const missing = new Set<string>()
    for (const { event } of events) {
      const key = projection.keyOf(event)
      if (key === null || folding.latest.has(key) || folding.current.has(key)) continue
      const row = cache.get(key)
      if (row === undefined) missing.add(key)
      else folding.current.set(key, row)
    }
    for (const row of await rows.load(folding.partition, [...missing]))
      folding.current.set(keyOfRow(projection, row), row)
  }
}

/** The rows of one step, in memory. */
class Folding {
  readonly partition: Partition
  /** The rows as they are in the table, by key. */
  readonly current = new Map<string, ProjectedRow>()
  /** The rows after the events folded so far, by key. */
  readonly latest = new Map<string, ProjectedRow>()
  readonly #every: ProjectedRow[] = []
  readonly #projection: Projection

  constructor(projection: Projection, partition: Partition) {
    this.#projection = projection
    this.partition = partition
  }

  /** @returns the event that cannot be folded; null if all can */
  fold(events: readonly RecordedEvent[]): EventFailure | null {
    const projection = this.#projection
    for (const recorded of events) {
      const key = projection.keyOf(recorded.event)
      if (key === null) continue
      try {
        const row = projection.fold(this.latest.get(key) ?? this.current.get(key), recorded, this.partition)
        this.latest.set(key, row)
        if (projection.keeps === 'every') this.#every.push(row)
      } catch (cause) {
        return { position: recorded.position, cause }
      }
    }
    return null
  }

  /** The rows in the table that these rows replace. */
  replacedBy(rows: readonly ProjectedRow[]): ProjectedRow[] {
    if (this.#projection.keeps === 'every') return []
    return rows.flatMap((row) => this.current.get(keyOfRow(this.#projection, row)) ?? [])
  }

  /** The rows to write. */
  changed(): readonly ProjectedRow[] {
    return this.#projection.keeps === 'every' ? this.#every : [...this.latest.values()]
  }
}
