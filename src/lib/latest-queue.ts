import { deferred } from './deferred.ts'
import type { Deferred } from './deferred.ts'

/**
 * A stream of values by key in which a newer value takes the place of an older one of the same key that has not
 * been taken yet. So its memory is bounded by the number of keys, however slow the consumer, and what arrives last
 * is never lost. It ends when the consumer returns; values put after that are dropped.
 */
export class LatestQueue<Key, Value> implements AsyncGenerator<Value, void, void> {
  readonly #values = new Map<Key, Value>()
  readonly #onEnd: () => void
  #waiting: Deferred<void> | null = null
  #ended = false
  #failure: { readonly reason: unknown } | null = null

  /** @param onEnd called once, when the consumer has had enough */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
  }

  put(key: Key, value: Value): void {
    if (this.#ended) return
    this.#values.set(key, value)
    this.#waiting?.resolve()
    this.#waiting = null
  }

  /** Throws this to the consumer in place of all that has not been taken, and ends. */
  fail(reason: unknown): void {
    if (this.#ended) return
    this.#failure ??= { reason }
    this.#waiting?.resolve()
    this.#waiting = null
  }

  async next(): Promise<IteratorResult<Value, void>> {
    while (!this.#ended) {
      if (this.#failure !== null) return this.throw(this.#failure.reason)
      for (const [key, value] of this.#values) {
        this.#values.delete(key)
        return { done: false, value }
      }
      this.#waiting ??= deferred()
      await this.#waiting.promise
    }
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<Value, void>> {
    if (!this.#ended) {
      this.#ended = true
      this.#values.clear()
      this.#waiting?.resolve()
      this.#onEnd()
    }
    return { done: true, value: undefined }
  }

  async throw(error: unknown): Promise<IteratorResult<Value, void>> {
    await this.return()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}
