import { LRUCache } from 'lru-cache'
import type { RecordedEvent } from '../domain/messages.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { Consumed, Consumer } from './consumer.ts'
import type { ProjectedRow, Projection } from './projection.ts'
import type { Rows } from './rows.ts'

/**
 * Folds events into a projection's rows. Rows that are folded onto are loaded once, all those of a batch together, and kept
 * for as long as nobody else changes them.
 *
 * @param maxCachedRows of each partition
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
    async consume(partition, events) {
      const cache = cacheOf(partition)
      const current = await currentRows(partition, events, cache)
      const folded = foldAll(projection, partition, events, current)
      await rows.save(folded.rows)
      for (const [key, row] of folded.latest) cache.set(key, row)
      return folded
    },
    forget: (partition) => caches.delete(partition),
  }

  async function currentRows(
    partition: Partition,
    events: readonly RecordedEvent[],
    cache: LRUCache<string, ProjectedRow>,
  ): Promise<Map<string, ProjectedRow>> {
    const current = new Map<string, ProjectedRow>()
    const missing = new Set<string>()
    for (const { event } of events) {
      const key = projection.keyOf(event)
      if (key === null || current.has(key)) continue
      const row = cache.get(key)
      if (row === undefined) missing.add(key)
      else current.set(key, row)
    }
    for (const row of await rows.load(partition, [...missing])) current.set(keyOfRow(projection, row), row)
    return current
  }
}

interface Folded extends Consumed {
  readonly latest: ReadonlyMap<string, ProjectedRow>
}

function foldAll(
  projection: Projection,
  partition: Partition,
  events: readonly RecordedEvent[],
  current: Map<string, ProjectedRow>,
): Folded {
  const latest = new Map<string, ProjectedRow>()
  const every: ProjectedRow[] = []
  let failure: unknown = null
  let taken = 0
  for (const recorded of events) {
    const key = projection.keyOf(recorded.event)
    if (key !== null) {
      try {
        const row = projection.fold(latest.get(key) ?? current.get(key), recorded, partition)
        latest.set(key, row)
        every.push(row)
      } catch (error) {
        failure = error
        break
      }
    }
    taken += 1
  }
  const first = (events[0] as RecordedEvent).position
  return {
    position: (first + BigInt(taken) - 1n) as LogPosition,
    rows: projection.keeps === 'every' ? every : [...latest.values()],
    failure,
    latest,
  }
}

export function keyOfRow(projection: Pick<Projection, 'key'>, row: ProjectedRow): string {
  return (row as unknown as Record<string, string>)[projection.key] as string
}
