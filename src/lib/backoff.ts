/** How long to leave a server alone that could not be used: longer after each failure in a row, and never twice the same. */
export class Backoff {
  readonly #firstMs: number
  readonly #maxMs: number
  #failures = 0
  #endsAt = -Infinity

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
  }

  /** Nothing has succeeded since the last failure. */
  get isFailing(): boolean {
    return this.#failures > 0
  }

  get isOver(): boolean {
    return performance.now() >= this.#endsAt
  }

  /** Of several attempts that were under way at once, the first failure counts. */
  failed(): void {
    if (!this.isOver) return
    // Random, so that many connections and many processes do not come back at once.
    const ms = Math.min(this.#firstMs * 2 ** this.#failures, this.#maxMs) * (0.5 + Math.random() / 2)
    this.#failures += 1
    this.#endsAt = performance.now() + ms
  }

  succeeded(): void {
    this.#failures = 0
    this.#endsAt = -Infinity
  }
}
