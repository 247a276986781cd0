/** The log by itself. */
import { describe } from '../model/fold.ts'
import { violation } from '../violation.ts'
import type { Rule } from './evidence.ts'

export const positionsAreGapless: Rule = ({ model: { log } }) =>
  log.flatMap(({ partition, position }, at) => {
    const before = log[at - 1]
    const expected = before?.partition === partition ? before.position + 1 : 1
    return position === expected
      ? []
      : [violation('positions are gapless', `in partition ${partition}, ${position} follows ${expected - 1}`)]
  })

export const timeNeverRunsBackwards: Rule = ({ model: { log } }) =>
  log.flatMap((logged, at) => {
    const before = log[at - 1]
    if (before?.partition !== logged.partition || before.recordedAt <= logged.recordedAt) return []
    return [
      violation(
        'recordedAt never runs backwards',
        `${describe(before)} at ${new Date(before.recordedAt).toISOString()}\n${describe(logged)} at ${new Date(logged.recordedAt).toISOString()}`,
      ),
    ]
  })

/** Commands that nobody sent, and those of messages, are told apart by what messages leave in their events. */
export const nothingUnasked: Rule = ({ history, model }) => {
  const asked = new Set(history.commands.map(({ id }) => id))
  const reasons = new Set(history.messages.map(({ reason }) => reason))
  return [...model.runs].flatMap(([id, [run]]) => {
    const first = run?.events[0]
    if (first === undefined || asked.has(id) || reasons.has(first.data['reason'])) return []
    return [violation('the log holds nothing that nobody asked for', describe(first))]
  })
}

export const stockIsSound: Rule = ({ model }) => [...model.violations]
