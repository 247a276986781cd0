/** Compares the answers to commands with the log. */
import type { Attempt, Command, Result, SentCommand } from '../history.ts'
import { at, describe } from '../model/fold.ts'
import type { Model, Run } from '../model/fold.ts'
import { violation } from '../violation.ts'
import type { Violation } from '../violation.ts'
import type { Rule } from './evidence.ts'

type AcceptedResult = Extract<Result, { kind: 'accepted' }>

const runsOf = (model: Model, id: string): readonly Run[] => model.runs.get(id) ?? []

const brief = ({ id, command }: SentCommand): string => `command ${id} ${JSON.stringify(command)}`

const attemptText = ({ server, sentAt, answeredAt, result }: Attempt): string =>
  `server ${server}, ${sentAt} s to ${answeredAt} s: ${JSON.stringify(result)}`

const runText = ({ partition, first, last }: Run): string => `${partition}:${first}-${last}`

const accepted = ({ attempts }: SentCommand): Attempt | undefined =>
  attempts.find(({ result }) => result.kind === 'accepted')

export const acknowledgedIsThereOnce: Rule = ({ history, model }) =>
  history.commands.flatMap((sent) => {
    const answer = accepted(sent)
    if (answer === undefined) return []
    const wrong = contradiction(sent, answer.result as AcceptedResult, model)
    return wrong === null
      ? []
      : [
          violation(
            'acknowledged means: in the log, once',
            `${brief(sent)}\n${attemptText(answer)}\n${wrong}`,
            answer.answeredAt,
          ),
        ]
  })

/** @returns how the log contradicts the answer; null if it does not */
function contradiction({ id, command }: SentCommand, answer: AcceptedResult, model: Model): string | null {
  const [run, ...others] = runsOf(model, id)
  const place = parseToken(answer.token)
  if (run === undefined) return withoutEvents(command, answer, place, model)
  if (others.length > 0)
    return `the log has it ${others.length + 1} times: ${[run, ...others].map(runText).join(', ')}`
  if (run.partition !== place.partition || run.last !== place.position)
    return `the log has it at ${runText(run)}`
  const first = run.events[0]
  if (first !== undefined && !isFirstEventOf(command, answer, first.type, first.data))
    return `the log has another event at its position: ${describe(first)}`
  return null
}

/** A command is accepted without an event only if its effect exists already. */
function withoutEvents(
  command: Command,
  { batchReference }: AcceptedResult,
  { position }: Place,
  { lines, quantities }: Model,
): string | null {
  if (command.type === 'allocate') {
    const line = at(lines.get(`${command.orderId} ${command.sku}`), position)
    if (line?.quantity === command.quantity && line.batch === batchReference) return null
    return `the log has no event of it, and the line was ${JSON.stringify(line)} then`
  }
  if (command.type === 'changeBatchQuantity') {
    const quantity = at(quantities.get(command.reference), position)
    if (quantity === command.quantity) return null
    return `the log has no event of it, and the batch had ${quantity} units then`
  }
  return 'the log has no event of it'
}

function isFirstEventOf(
  command: Command,
  { batchReference }: AcceptedResult,
  type: string,
  data: Readonly<Record<string, unknown>>,
): boolean {
  const has = (fields: object) => Object.entries(fields).every(([name, value]) => data[name] === value)
  switch (command.type) {
    case 'createBatch': {
      const { reference, sku, quantity, eta } = command
      return type === 'BatchCreated' && has({ reference, sku, quantity, eta })
    }
    case 'changeBatchQuantity':
      return type === 'BatchQuantityChanged' && has({ reference: command.reference, to: command.quantity })
    case 'allocate': {
      const { orderId, sku, quantity } = command
      return type === 'LineAllocated' && has({ orderId, sku, quantity, batchReference })
    }
    case 'deallocate':
      return (
        ['LineDeallocated', 'BackorderCancelled'].includes(type) &&
        has({ orderId: command.orderId, sku: command.sku })
      )
    default:
      return command satisfies never
  }
}

export interface Place {
  readonly partition: number
  readonly position: number
}

/** The part `0:1234` of a token. */
export function parseToken(token: string): Place {
  const [, partition, position] = /(\d+):(\d+)$/.exec(token) ?? []
  return { partition: Number(partition), position: Number(position) }
}

export const refusedIsNotThere: Rule = ({ history, model }) =>
  history.commands.flatMap((sent) => {
    const [run] = runsOf(model, sent.id)
    const answer = sent.attempts.find(({ result }) => result.kind === 'rejected')
    if (answer === undefined || run === undefined) return []
    return [
      violation(
        'rejected means: not in the log',
        `${brief(sent)}\n${attemptText(answer)}\nthe log has it at ${runText(run)}`,
        answer.answeredAt,
      ),
    ]
  })

const NOTHING_WAS_DONE = new Set(['SERVICE_UNAVAILABLE', 'OVERLOADED'])

export const unavailableIsNotThere: Rule = ({ history, model }) =>
  history.commands.flatMap((sent) => {
    const [run] = runsOf(model, sent.id)
    const isSure = sent.attempts.every(
      ({ result }) => result.kind === 'failed' && NOTHING_WAS_DONE.has(result.code),
    )
    if (run === undefined || !isSure) return []
    return [
      violation(
        'unavailable means: nothing was done',
        `${brief(sent)}\n${sent.attempts.map(attemptText).join('\n')}\nthe log has it at ${runText(run)}`,
        sent.attempts[0]?.answeredAt,
      ),
    ]
  })

/** This holds whatever the answer was. */
export const nothingTwice: Rule = ({ model }) =>
  [...model.runs].flatMap(([id, runs]) =>
    runs.length === 1
      ? []
      : [violation('no command is in the log twice', `command ${id} is at ${runs.map(runText).join(', ')}`)],
  )

export const oneAnswer: Rule = ({ history }) =>
  history.commands.flatMap((sent) => {
    const answers = sent.attempts.filter(({ result }) => result.kind !== 'failed')
    const contents = new Set(answers.map(({ result }) => JSON.stringify({ ...result, replayed: null })))
    const [first] = answers.toSorted((a, b) => a.answeredAt - b.answeredAt)
    const anew = answers.filter(
      ({ sentAt, result }) =>
        first !== undefined && 'replayed' in result && !result.replayed && sentAt > first.answeredAt,
    )
    const decided = answers.filter(({ result }) => 'replayed' in result && !result.replayed)
    const found = (rule: string, shown: readonly Attempt[]): Violation =>
      violation(rule, [brief(sent), ...shown.map(attemptText)].join('\n'), shown.at(-1)?.answeredAt)
    if (contents.size > 1) return [found('a command has one answer, however often it is sent', answers)]
    if (anew.length > 0 || decided.length > 1)
      return [found('a command that was decided is not decided again', answers)]
    return []
  })

export const idsAreNotReused: Rule = ({ history }) =>
  history.reuses.flatMap((sent) => {
    const wrong = sent.attempts.filter(
      ({ result }) =>
        result.kind === 'accepted' || (result.kind === 'rejected' && result.code !== 'COMMAND_ID_REUSED'),
    )
    return wrong.map((attempt) =>
      violation(
        'an id belongs to one command',
        `${brief(sent)} had another command's id\n${attemptText(attempt)}`,
        attempt.answeredAt,
      ),
    )
  })

export const receiptsAreKept: Rule = ({ history, tables }) =>
  history.commands.flatMap((sent) => {
    const answer = sent.attempts.find(({ result }) => result.kind !== 'failed')
    if (answer === undefined || tables.receipts.has(sent.id)) return []
    return [
      violation(
        'an answered command has its receipt',
        `${brief(sent)}\n${attemptText(answer)}`,
        answer.answeredAt,
      ),
    ]
  })

const HONEST = new Set(['SERVICE_UNAVAILABLE', 'OVERLOADED', 'OUTCOME_UNKNOWN', 'no answer'])

export const failuresAreHonest: Rule = ({ history }) =>
  [...history.commands, ...history.reuses].flatMap((sent) =>
    sent.attempts
      .filter(({ result }) => result.kind === 'failed' && !HONEST.has(result.code))
      .map((attempt) =>
        violation(
          'a failed command is answered as unavailable or unknown',
          `${brief(sent)}\n${attemptText(attempt)}`,
          attempt.answeredAt,
        ),
      ),
  )

export const readsShowTheirToken: Rule = ({ history, model }) =>
  history.reads.flatMap(({ at: time, token, state }) => {
    const { position } = parseToken(token)
    const versions = [...(model.states.get(state.sku)?.keys() ?? [])].map(Number)
    const least = versions.findLast((version) => version <= position) ?? 0
    return Number(state.version) >= least
      ? []
      : [
          violation(
            "a query at a command's token shows no less than the command left",
            `asked for ${state.sku} at ${token}, shown version ${state.version}; the log has ${least}`,
            time,
          ),
        ]
  })
