import type { LogPosition, Sku } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { LogReplaced } from '../log/replaced.ts'
import type { MovementRow } from '../projection/movements.ts'

/** None of these throws. */
export interface Follower {
  /** The next movement. */
  take(movement: MovementRow): void
  /**
   * More has happened than is told one by one: the next movement that is told comes after this position. What lies between is
   * to be read. Called before the feed goes there.
   */
  skip(partition: Partition, to: LogPosition): void
  /** The log's history was replaced: nothing that comes follows on what was told. */
  end(replaced: LogReplaced): void
}

/** Found by product, for there may be thousands of them, each with one of its own. */
export class Followers {
  readonly #bySku = new Map<Sku | null, Set<Follower>>()
  size = 0

  /** @returns a function that removes it, and says whether it was there */
  add(sku: Sku | null, follower: Follower): () => boolean {
    const set = this.#bySku.get(sku) ?? new Set()
    this.#bySku.set(sku, set.add(follower))
    this.size += 1
    return () => {
      if (!set.delete(follower)) return false
      this.size -= 1
      if (set.size === 0) this.#bySku.delete(sku)
      return true
    }
  }

  /** The products that are followed by themselves. */
  skus(): Sku[] {
    return [...this.#bySku.keys()].filter((sku) => sku !== null)
  }

  tell(row: MovementRow): void {
    for (const follower of this.#bySku.get(null) ?? []) follower.take(row)
    for (const follower of this.#bySku.get(row.sku) ?? []) follower.take(row)
  }

  /** They may leave at that. */
  end(replaced: LogReplaced): void {
    for (const follower of [...this.#bySku.values()].flatMap((set) => [...set])) follower.end(replaced)
  }

  /** Those of all products, and of these, skip what lies before the position. */
  skip(partition: Partition, to: LogPosition, isConcerned: (sku: Sku) => boolean): void {
    for (const [sku, followers] of this.#bySku) {
      if (sku !== null && !isConcerned(sku)) continue
      for (const follower of followers) follower.skip(partition, to)
    }
  }
}
