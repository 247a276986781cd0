/** Checks the messages of other systems, batch by batch. */
import type { Message } from '../history.ts'
import type { LoggedEvent } from '../log.ts'
import { describe } from '../model/fold.ts'
import { violation } from '../violation.ts'
import type { Violation } from '../violation.ts'
import type { Evidence, Rule } from './evidence.ts'

interface Applied {
  readonly message: Message
  readonly event: LoggedEvent
}

export const messagesKeepTheirOrder: Rule = ({ history, model }) => {
  const messages = new Map(history.messages.map((message) => [message.reason, message]))
  const last = new Map<string, Applied>()
  const violations: Violation[] = []
  for (const event of model.log) {
    const message = event.type === 'BatchQuantityChanged' ? messages.get(event.data['reason']) : undefined
    if (message?.reference == null) continue
    const before = last.get(message.reference)
    if (before !== undefined && before.message.number >= message.number) {
      // Redis may take a message after the next one if it did not acknowledge it.
      if (!message.taken && before.message.number > message.number) continue
      violations.push(
        violation(
          'of two messages for a batch, the later one counts',
          `message ${message.number} (sent at ${message.sentAt} s) was applied after ${before.message.number} (sent at ${before.message.sentAt} s):\n${describe(before.event)}\n${describe(event)}`,
          message.sentAt,
        ),
      )
    }
    last.set(message.reference, { message, event })
  }
  return violations
}

/** Messages that Redis has taken and not lost are either applied, or given up with a reason. */
export const noMessageIsLost: Rule = ({ history, model, deadLetters, redisLife }) => {
  const applied = appliedReasons({ model })
  const quantities = new Map<string, number>()
  return history.messages.flatMap((message) => {
    const { reference, reason, quantity, taken } = message
    if (reference === null) {
      return applied.has(reason)
        ? [
            violation(
              'a message that names no existing batch changes nothing',
              JSON.stringify(message),
              message.sentAt,
            ),
          ]
        : []
    }
    const before = quantities.get(reference)
    if (applied.has(reason)) quantities.set(reference, quantity)
    const isSettled = applied.has(reason) || deadLetters.has(reason) || before === quantity
    if (isSettled || !taken || message.redisLife < redisLife) return []
    return [
      violation(
        'no message that Redis has kept is lost',
        `${JSON.stringify(message)} was neither applied nor given up`,
        message.sentAt,
      ),
    ]
  })
}

export const mistakesAreGivenUp: Rule = ({ history, deadLetters, redisLife }) =>
  history.messages
    .filter(({ reference, taken, redisLife: life }) => reference === null && taken && life === redisLife)
    .filter(({ reason }) => !deadLetters.has(reason))
    .map((message) =>
      violation('an invalid message goes to the dead letters', JSON.stringify(message), message.sentAt),
    )

/** Valid messages are retried while a server is unavailable. */
export const goodMessagesAreNotGivenUp: Rule = ({ history, deadLetters }) =>
  history.messages
    .filter(({ reference, reason }) => reference !== null && deadLetters.has(reason))
    .map((message) =>
      violation('a message is not given up because of a fault', JSON.stringify(message), message.sentAt),
    )

const appliedReasons = ({ model }: Pick<Evidence, 'model'>): ReadonlySet<string> =>
  new Set(
    model.log
      .filter(({ type }) => type === 'BatchQuantityChanged')
      .map(({ data }) => data['reason'] as string),
  )
