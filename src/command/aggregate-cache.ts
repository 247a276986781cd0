import { LRUCache } from 'lru-cache'
import type { Product } from '../domain/product.ts'
import type { Sku } from '../domain/values.ts'
import { samePoint } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'

/**
 * A partition's products as this process last left them. True exactly as long as the log's head is the point where this
 * process left it: any other position or tag means that another process wrote, or that commits were lost.
 */
export class AggregateCache {
  readonly #products: LRUCache<Sku, Product>
  #head: LogPoint | null = null

  /** @param maxEntries products and their batches, together */
  constructor(maxEntries: number) {
    this.#products = new LRUCache({
      maxSize: maxEntries,
      sizeCalculation: ({ batches }) => 1 + batches.length,
    })
  }

  /** Call with the head that the lock returned, before the first `get`. */
  enter(head: LogPoint): void {
    if (this.#head === null || !samePoint(head, this.#head)) this.forget()
  }

  get(sku: Sku): Product | undefined {
    return this.#products.get(sku)
  }

  /** Call once the transaction that led to `head` is committed. */
  leave(head: LogPoint, products: Iterable<Product>): void {
    for (const product of products) this.#products.set(product.sku, product)
    this.#head = head
  }

  forget(): void {
    this.#products.clear()
    this.#head = null
  }
}
