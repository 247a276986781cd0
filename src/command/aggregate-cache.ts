import { LRUCache } from 'lru-cache'
import type { Product } from '../domain/product.ts'
import type { LogPosition, Sku } from '../domain/values.ts'

/**
 * A partition's products as this process last left them. True exactly as long as the log's head is where this
 * process left it, too: any other head means that another process wrote, and all is forgotten.
 */
export class AggregateCache {
  readonly #products: LRUCache<Sku, Product>
  #head: LogPosition | null = null

  /** @param maxEntries batches and waiting lines of all cached products together */
  constructor(maxEntries: number) {
    this.#products = new LRUCache({
      maxSize: maxEntries,
      sizeCalculation: ({ batches, waiting }) => 1 + batches.length + waiting.length,
    })
  }

  /** Call with the head that the lock returned, before the first `get`. */
  enter(head: LogPosition): void {
    if (head !== this.#head) this.forget()
  }

  get(sku: Sku): Product | undefined {
    return this.#products.get(sku)
  }

  /** Call once the transaction that led to `head` is committed. */
  leave(head: LogPosition, products: Iterable<Product>): void {
    for (const product of products) this.#products.set(product.sku, product)
    this.#head = head
  }

  forget(): void {
    this.#products.clear()
    this.#head = null
  }
}
