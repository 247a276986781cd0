import { LRUCache } from 'lru-cache'
import type { Product } from '../domain/product.ts'
import type { Sku } from '../domain/values.ts'
import { samePoint } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'

/**
 * The products of a partition as this process last wrote them. They are valid only while the log's head is the point at which
 * this process left it: any other position or tag means that another process has written, or that commits were lost.
 */
export class AggregateCache {
  readonly #products: LRUCache<Sku, Product>
  #head: LogPoint | null = null

  /** @param maxEntries the maximum number of products and batches together */
  constructor(maxEntries: number) {
    this.#products = new LRUCache({
      maxSize: maxEntries,
      sizeCalculation: ({ batches }) => 1 + batches.length,
    })
  }

  /** Must be called before the first `get` of a transaction, with the head that the lock returned. */
  enter(head: LogPoint): void {
    if (this.#head === null || !samePoint(head, this.#head)) this.clear()
  }

  get(sku: Sku): Product | undefined {
    return this.#products.get(sku)
  }

  /** Must be called after the commit of the transaction that led to `head`. */
  leave(head: LogPoint, products: Iterable<Product>): void {
    for (const product of products) this.#products.set(product.sku, product)
    this.#head = head
  }

  clear(): void {
    this.#products.clear()
    this.#head = null
  }
}
