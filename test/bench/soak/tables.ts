/** The tables of the soak, beside that of what the server holds. */
import type { Latencies } from '../support/latencies.ts'
import { formatNumber } from '../support/table.ts'
import type { Table } from '../support/table.ts'
import type { Tallies } from './crowd-process.ts'
import { crowd } from './crowd.ts'
import type { Finding } from './truth.ts'

/** The most times its quiet value that a mutation's p50 may take while the crowd is there. */
const MOST_TIMES_QUIET = 3

export interface Wait {
  readonly phase: string
  readonly crowded: boolean
  readonly latencies: Latencies
  /** Of the server, as a share of one core. */
  readonly cpu: number
}

export function waitTable(waits: readonly Wait[]): Table {
  // The slower of the quiet phases: somebody else may be at work on the machine.
  const quiet = (percent: number) =>
    Math.max(...waits.filter(({ crowded }) => !crowded).map(({ latencies }) => latencies.percentile(percent)))
  const times = (latencies: Latencies, percent: number) => latencies.percentile(percent) / quiet(percent)
  return {
    title: 'How long a mutation takes, ms',
    columns: ['', 'mutations', 'p50', 'of quiet', 'p99', 'of quiet', 'max', 'server CPU', 'verdict'],
    rows: waits.map(({ phase, latencies, cpu }) => [
      phase,
      latencies.count.toLocaleString('en-US'),
      ...[50, 99].flatMap((percent) => [
        formatNumber(latencies.percentile(percent)),
        `${formatNumber(times(latencies, percent))}×`,
      ]),
      formatNumber(latencies.max),
      `${Math.round(cpu * 100)} %`,
      times(latencies, 50) <= MOST_TIMES_QUIET ? 'ok' : 'SLOW',
    ]),
  }
}

/** @param visits what the crowd met each time that it came */
export function outcomeTable(visits: readonly Tallies[]): Table {
  return {
    title: 'What the crowd met',
    columns: ['who', 'outcomes', 'verdict'],
    rows: crowd.map(({ name, expected }) => {
      const outcomes = new Map<string, number>()
      for (const tallies of visits)
        for (const [outcome, times] of Object.entries(tallies[name] ?? {}))
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + times)
      const all = [...outcomes].map(([outcome, times]) => `${outcome} ${times.toLocaleString('en-US')}`)
      const isExpected =
        outcomes.size > 0 && [...outcomes.keys()].every((outcome) => expected.includes(outcome))
      return [name, all.join(', '), isExpected ? 'ok' : 'NOT EXPECTED']
    }),
  }
}

export const findingTable = (findings: readonly Finding[]): Table => ({
  title: 'In the end',
  columns: ['claim', 'verdict'],
  rows: findings.map(({ claim, problem }) => [claim, problem === null ? 'ok' : `NO: ${problem}`]),
})
