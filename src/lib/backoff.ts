/** Computes the pause between attempts to use a failing server: it doubles after each failure in a row, with a random part. */
export class Backoff {
  readonly #firstMs: number
  readonly #maxMs: number
  #failures = 0
  #endsAt = -Infinity

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
  }

  /** Whether no attempt has succeeded since the last failure. */
  get isFailing(): boolean {
    return this.#failures > 0
  }

  get isOver(): boolean {
    return performance.now() >= this.#endsAt
  }

  /** Records a failure. If several concurrent attempts fail, only the first failure counts. */
  failed(): void {
    if (!this.isOver) return
    // The pause is random, so that many connections and processes do not reconnect at the same moment.
    const ms = Math.min(this.#firstMs * 2 ** this.#failures, this.#maxMs) * (0.5 + Math.random() / 2)
    this.#failures += 1
    this.#endsAt = performance.now() + ms
  }

  succeeded(): void {
    this.#failures = 0
    this.#endsAt = -Infinity
  }
}
