import type { LogPosition, Sku } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { LogReplaced } from '../log/replaced.ts'
import type { MovementRow } from '../projection/movements.ts'

/** Receives movements. Its functions never throw. */
export interface Follower {
  /** Receives the next movement. */
  take(movement: MovementRow): void
  /**
   * Skips movements, because there are too many to pass on one by one: the next one that `take` receives is after this position.
   * The follower must read the movements in between. Called before the feed moves there.
   */
  skip(partition: Partition, to: LogPosition): void
  /** Ends the follower, because the log's history was replaced: later movements do not continue the earlier ones. */
  end(replaced: LogReplaced): void
}

/** Followers by product, because there may be thousands, each of a different product. */
export class Followers {
  readonly #bySku = new Map<Sku | null, Set<Follower>>()
  size = 0

  /** @returns a function that removes the follower, and returns whether it was still there */
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

  /** The products with followers of their own. */
  skus(): Sku[] {
    return [...this.#bySku.keys()].filter((sku) => sku !== null)
  }

  deliver(row: MovementRow): void {
    for (const follower of this.#bySku.get(null) ?? []) follower.take(row)
    for (const follower of this.#bySku.get(row.sku) ?? []) follower.take(row)
  }

  /** Ends all followers. They may remove themselves meanwhile. */
  end(replaced: LogReplaced): void {
    for (const follower of [...this.#bySku.values()].flatMap((set) => [...set])) follower.end(replaced)
  }

  /** Lets the followers of all products, and those of the concerned products, skip to the position. */
  skip(partition: Partition, to: LogPosition, isConcerned: (sku: Sku) => boolean): void {
    for (const [sku, followers] of this.#bySku) {
      if (sku !== null && !isConcerned(sku)) continue
      for (const follower of followers) follower.skip(partition, to)
    }
  }
}
