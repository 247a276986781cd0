import { Latencies } from './latencies.ts'

/** The result of a period of load. */
export interface Sample {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Runs callers, each of which sends its next request as soon as the last is answered. Only answers within the time count.
 *
 * @param ask gets the number of the caller
 */
export async function closedLoop(
  callers: number,
  durationMs: number,
  ask: (caller: number) => Promise<unknown>,
): Promise<Sample> {
  const latencies = new Latencies()
  const startedAt = performance.now()
  const endsAt = startedAt + durationMs
  async function call(caller: number): Promise<void> {
    for (let askedAt = performance.now(); askedAt < endsAt;) {
      await ask(caller)
      const answeredAt = performance.now()
      if (answeredAt < endsAt) latencies.record(answeredAt - askedAt)
      askedAt = answeredAt
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
  return {
    perSecond: latencies.count / (durationMs / 1000),
    p50Ms: latencies.percentile(50),
    p99Ms: latencies.percentile(99),
  }
}
