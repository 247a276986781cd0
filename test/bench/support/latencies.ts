import { createHistogram } from 'node:perf_hooks'

/** Durations in milliseconds, with three significant digits. */
export class Latencies {
  readonly #microseconds = createHistogram()

  record(ms: number): void {
    this.#microseconds.record(Math.max(1, Math.round(ms * 1000)))
  }

  get count(): number {
    return this.#microseconds.count
  }

  percentile(percent: number): number {
    return this.#microseconds.percentile(percent) / 1000
  }

  get max(): number {
    return this.#microseconds.max / 1000
  }

  summary() {
    return { count: this.count, p50Ms: this.percentile(50), p99Ms: this.percentile(99), maxMs: this.max }
  }
}
