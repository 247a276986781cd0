/** Formats the result of a round for people. */
import type { Fault, History } from './history.ts'
import { groupBy } from '../../../src/lib/group-by.ts'
import { rules } from './checker.ts'
import type { Round } from './round.ts'
import type { Violation } from './violation.ts'

const SHOWN_PER_RULE = 2
const MAX_EVIDENCE = 1500
const NEAR_SECONDS = 2

export function summary({ seed, partitions, evidence, violations }: Round): string {
  const { history, model } = evidence
  const { witnesses, messages, operators } = history
  const states = witnesses.reduce((sum, { products, orders }) => sum + products.length + orders.length, 0)
  const followed = witnesses.reduce((sum, { movements }) => sum + movements.length, 0)
  const applied = model.log.filter(({ data }) => String(data['reason']).startsWith('counted-')).length
  return [
    `seed ${seed}: ${partitions} partition(s), ${history.now().toFixed(0)} s`,
    `  commands  ${history.commands.length}: ${tally(outcomes(history))}`,
    `  attempts  ${tally(history.commands.flatMap(({ attempts }) => attempts.map(({ result }) => (result.kind === 'failed' ? result.code : result.kind))))}`,
    `  messages  ${messages.length}: ${messages.filter(({ taken }) => taken).length} taken by Redis, ${applied} applied, ${evidence.deadLetters.size} dead letters left`,
    `  log       ${model.log.length} events, ${model.runs.size} commands; the largest command has ${largest(evidence.model.runs)} events`,
    `  seen      ${states} states, ${followed} movements, ${history.reads.length} reads at a token, by ${witnesses.length} clients`,
    `  operators ${tally(operators.map(({ command, code }) => `${command.split(' ')[0]} ${code === 0 ? 'done' : 'broken off'}`))}`,
    `  faults    ${history.faults.length}: ${tally(history.faults.map(({ kind }) => kind))}`,
    `  rules     ${rules.length} checked, ${new Set(violations.map(({ rule }) => rule)).size} broken`,
  ].join('\n')
}

function outcomes({ commands }: History): string[] {
  return commands.map(({ attempts }) => {
    const answer = attempts.find(({ result }) => result.kind !== 'failed')?.result
    if (answer === undefined) return 'unknown'
    return answer.kind === 'rejected' ? `rejected ${answer.code}` : answer.kind
  })
}

const largest = (runs: Round['evidence']['model']['runs']): number =>
  [...runs.values()].reduce((most, [run]) => Math.max(most, run?.events.length ?? 0), 0)

function tally(words: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a)
  return sorted.map(([word, count]) => `${count} ${word}`).join(', ') || 'none'
}

/** Lists each broken rule with its first cases and the faults around them. */
export function explain({ violations, evidence }: Round): string {
  const byRule = groupBy(violations, ({ rule }) => rule)
  return [...byRule]
    .map(([rule, cases]) =>
      [
        `✗ ${rule}: ${cases.length} case(s)`,
        ...cases.slice(0, SHOWN_PER_RULE).map((found) => indent(caseText(found, evidence.history))),
      ].join('\n'),
    )
    .join('\n')
}

function caseText({ evidence, at }: Violation, { faults }: History): string {
  const shown =
    evidence.length > MAX_EVIDENCE
      ? `${evidence.slice(0, MAX_EVIDENCE)} … (${evidence.length} characters)`
      : evidence
  if (at === null) return shown
  const near = faults.filter(({ from, to }) => from < at + NEAR_SECONDS && to > at - NEAR_SECONDS)
  return [shown, ...near.map(faultText)].join('\n')
}

const faultText = ({ kind, target, from, to }: Fault): string => `(${from} s to ${to} s, ${target}: ${kind})`

const indent = (text: string): string => text.replaceAll(/^/gm, '    ')
