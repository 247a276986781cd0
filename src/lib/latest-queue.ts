import { deferred } from './deferred.ts'
import type { Deferred } from './deferred.ts'

/**
 * A stream of values by key. A newer value replaces an older one of the same key that has not been consumed yet. So the number
 * of keys bounds the memory, however slow the consumer is, and the last value per key is never lost. The stream ends when the
 * consumer returns; values that are put later are dropped.
 */
export class LatestQueue<Key, Value> implements AsyncGenerator<Value, void, void> {
  readonly #values = new Map<Key, Value>()
  readonly #onEnd: () => void
  #waiting: Deferred<void> | null = null
  #ended = false
  #failure: { readonly reason: unknown } | null = null

  /** @param onEnd called once, when the stream ends */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
  }

  put(key: Key, value: Value): void {
    if (this.#ended) return
    this.#values.set(key, value)
    this.#waiting?.resolve()
    this.#waiting = null
  }

  /** Drops all values that have not been consumed, throws `reason` to the consumer, and ends. */
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
