/** Another system that sends the quantities of its batches on a Redis stream; per batch, one message after another. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { INTAKE_BATCHES } from './catalogue.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'

export const STREAM = 'change_batch_quantity'
export const DEAD_LETTERS = `${STREAM}.dead`
const QUANTITIES = Array.from({ length: 200 }, (_, quantity) => quantity)

export interface Intake {
  readonly stop: () => Promise<void>
}

/** @param redis the current connection, and how often Redis has been emptied */
export function startIntake(
  random: Random,
  redis: () => { readonly client: Redis; readonly life: number },
  history: History,
): Intake {
  const still = { sending: true }

  async function count(reference: string): Promise<void> {
    const decisions = random.fork(reference)
    let quantities: number[] = []
    for (let number = 1; still.sending; number += 1) {
      if (quantities.length === 0) quantities = decisions.shuffle(QUANTITIES)
      const quantity = quantities.pop() as number
      const isMistake = decisions.chance(0.02)
      await tell(isMistake ? null : reference, quantity, number, `${reference} #${number}`)
      await sleep(decisions.int(20, 150))
    }
  }

  async function tell(reference: string | null, quantity: number, number: number, reason: string) {
    const { client, life } = redis()
    const sentAt = history.now()
    const fields = ['reference', reference ?? 'unheard-of', 'quantity', String(quantity), 'reason', reason]
    const taken = await client.xadd(STREAM, '*', ...fields).then(
      () => true,
      () => false,
    )
    history.messages.push({ sentAt, reference, number, quantity, reason, taken, redisLife: life })
  }

  const counting = INTAKE_BATCHES.map(({ reference }) => count(reference))
  return {
    async stop() {
      still.sending = false
      await Promise.all(counting)
    },
  }
}

/** Reads the reasons of messages that were given up. @throws if Redis does not answer */
export async function readDeadLetters(client: Redis): Promise<Set<string>> {
  const entries = await client.xrange(DEAD_LETTERS, '-', '+')
  // A dead letter contains the reason of its rejection first, then the fields of the message, which include a reason, too.
  return new Set(entries.map(([, fields]) => fields[fields.lastIndexOf('reason') + 1] as string))
}
