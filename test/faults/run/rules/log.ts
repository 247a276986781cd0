/** Checks the log alone. */
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

/** Events of messages contain the message's reason, so any other event must belong to a command that a caller sent. */
export const nothingUnasked: Rule = ({ history, model }) => {
  const asked = new Set(history.commands.map(({ id }) => id))
  const reasons = new Set(history.messages.map(({ reason }) => reason))
  return [...model.runs].flatMap(([id, [run]]) => {
    const first = run?.events[0]
    if (first === undefined || asked.has(id) || reasons.has(first.data['reason'])) return []
    return [violation('the log contains only commands that were sent', describe(first))]
  })
}

export const stockIsSound: Rule = ({ model }) => [...model.violations]
