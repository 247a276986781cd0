import type { Sample } from './closed-loop.ts'
import { median, spread } from './median.ts'
import { formatNumber } from './table.ts'

/**
 * Measures all contenders in turn, several times, each time starting with another one, so that changes of the machine affect all of
 * them.
 */
export async function interleave<Contender, Sample>(
  contenders: readonly Contender[],
  rounds: number,
  measure: (contender: Contender, round: number) => Promise<Sample>,
): Promise<Map<Contender, Sample[]>> {
  const samples = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round += 1) {
    const first = round % contenders.length
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)])
      samples.get(contender)?.push(await measure(contender, round))
  }
  return samples
}

export const summaryColumns = ['/s', 'spread', 'p50 ms', 'p99 ms']

/** Medians over the rounds, for the columns above. */
export const summarize = (samples: readonly Sample[]): string[] => [
  formatNumber(median(samples.map(({ perSecond }) => perSecond))),
  spread(samples.map(({ perSecond }) => perSecond)),
  formatNumber(median(samples.map(({ p50Ms }) => p50Ms))),
  formatNumber(median(samples.map(({ p99Ms }) => p99Ms))),
]
