/** The tables of the soak, except the one of what the server holds. */
import type { Latencies } from '../support/latencies.ts'
import { formatNumber } from '../support/table.ts'
import type { Table } from '../support/table.ts'
import type { Tallies } from './crowd-process.ts'
import { crowd } from './crowd.ts'
import type { Finding } from './truth.ts'

/** Limit on the p50 of a mutation with the crowd, as a multiple of its value without. */
const MOST_TIMES_QUIET = 3

export interface Wait {
  readonly phase: string
  readonly crowded: boolean
  readonly latencies: Latencies
  /** CPU of the server, as a share of one core. */
  readonly cpu: number
}

export function waitTable(waits: readonly Wait[]): Table {
  // Use the slower quiet phase, because other programs may use the machine.
  const quiet = (percent: number) =>
    Math.max(...waits.filter(({ crowded }) => !crowded).map(({ latencies }) => latencies.percentile(percent)))
  const times = (latencies: Latencies, percent: number) => latencies.percentile(percent) / quiet(percent)
  return {
    title: 'Duration of a mutation, ms',
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

/** @param visits the outcomes of each visit of the crowd */
export function outcomeTable(visits: readonly Tallies[]): Table {
  return {
    title: 'Outcomes of the crowd',
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
  title: 'Final checks',
  columns: ['claim', 'verdict'],
  rows: findings.map(({ claim, problem }) => [claim, problem === null ? 'ok' : `NO: ${problem}`]),
})
