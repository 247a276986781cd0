/**
 * Messages of other systems on the Redis stream `change_batch_quantity`, as commands. A consumer group shares them among
 * processes; each is acknowledged once its command has been decided, and one whose reader died is taken over. The message's
 * id is the command's, so taking it twice does no harm. A message that is none goes to `change_batch_quantity.dead` with the
 * reason, and so does one that was refused.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { OutcomeUnknown, Overloaded, Unavailable } from '../command/faults.ts'
import type { CommandRequest, Outcome } from '../command/request.ts'
import type { Command } from '../domain/messages.ts'
import {
  InvalidValue,
  parseBatchReference,
  parseCommandId,
  parseQuantity,
  parseReason,
} from '../domain/values.ts'
import { settled } from '../lib/redis.ts'
import type { RedisClient, RedisLink } from '../lib/redis.ts'

export const CHANGE_BATCH_QUANTITY = 'change_batch_quantity'
export const DEAD_LETTERS = `${CHANGE_BATCH_QUANTITY}.dead`
const GROUP = 'onhand'

export interface IntakeOptions {
  readonly redis: RedisLink
  /** This process among the group's. */
  readonly consumer: string
  readonly dispatch: (request: CommandRequest) => Promise<Outcome>
  readonly onError: (error: unknown) => void
}

type Message = [id: string, fields: string[]]

const MAX_MESSAGES = 100
const BLOCK_MS = 1000
const RETRY_MS = 1000
/** A message that its reader has not acknowledged for so long is given to another one. */
const TAKE_OVER_MS = 10_000
const MAX_DEAD_LETTERS = 100_000

export class ChangeBatchQuantityIntake {
  readonly #options: IntakeOptions
  readonly #closing = new AbortController()
  /** A connection of its own: reading blocks it. */
  #reader: RedisClient | null = null
  #running: Promise<void> | null = null

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#reader?.disconnect()
    await this.#running
    await this.#leaveGroup().catch(this.#options.onError)
  }

  /** Unless messages are still in this consumer's hands: those are for another one to take over. */
  async #leaveGroup(): Promise<void> {
    const { consumer } = this.#options
    const redis = this.#options.redis.client()
    const pending = await redis.xpending(CHANGE_BATCH_QUANTITY, GROUP, '-', '+', 1, consumer)
    if (pending.length === 0) await redis.xgroup('DELCONSUMER', CHANGE_BATCH_QUANTITY, GROUP, consumer)
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        await this.#createGroup()
        for (;;) for (const message of await this.#next()) await this.#handle(message)
      } catch (error) {
        if (this.#closing.signal.aborted) return
        this.#options.onError(error)
        await sleep(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => {})
      }
    }
  }

  async #createGroup(): Promise<void> {
    try {
      await this.#options.redis.client().xgroup('CREATE', CHANGE_BATCH_QUANTITY, GROUP, '0', 'MKSTREAM')
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error
    }
  }

  async #next(): Promise<Message[]> {
    const { redis, consumer } = this.#options
    const [, abandoned] = (await redis
      .client()
      .xautoclaim(CHANGE_BATCH_QUANTITY, GROUP, consumer, TAKE_OVER_MS, '0', 'COUNT', MAX_MESSAGES)) as [
      string,
      Message[],
    ]
    if (abandoned.length > 0) return abandoned
    if (this.#reader === null) {
      this.#reader = redis.connect()
      await settled(this.#reader)
    }
    const streams = (await this.#reader.xreadgroup(
      'GROUP',
      GROUP,
      consumer,
      'COUNT',
      MAX_MESSAGES,
      'BLOCK',
      BLOCK_MS,
      'STREAMS',
      CHANGE_BATCH_QUANTITY,
      '>',
    )) as [string, Message[]][] | null
    return streams?.[0]?.[1] ?? []
  }

  /** @throws when the command got no answer; the message is then taken again */
  async #handle([id, fields]: Message): Promise<void> {
    const { dispatch, redis } = this.#options
    let reason: string | null = null
    try {
      const outcome = await dispatch({
        id: parseCommandId(id),
        command: commandOf(fields),
      })
      if (outcome.status === 'refused') reason = outcome.rejection.type
    } catch (error) {
      if (error instanceof Overloaded || error instanceof Unavailable || error instanceof OutcomeUnknown)
        throw error
      reason =
        error instanceof InvalidValue ? error.message : 'It could not be decided; see the log of the server.'
      if (!(error instanceof InvalidValue)) this.#options.onError(error)
    }
    const client = redis.client()
    // Not in one transaction: a cluster may keep the two streams on different masters. After a crash between them, the message
    // is taken again and may be told twice as dead.
    if (reason !== null) {
      await client.xadd(
        DEAD_LETTERS,
        'MAXLEN',
        '~',
        MAX_DEAD_LETTERS,
        '*',
        'id',
        id,
        'reason',
        reason,
        ...fields,
      )
    }
    await client.xack(CHANGE_BATCH_QUANTITY, GROUP, id)
  }
}

/**
 * Fields `reference` (or `batchref`), `quantity` (or `qty`) and, if there is one, `reason`.
 *
 * @throws InvalidValue
 */
function commandOf(fields: readonly string[]): Command {
  const message = new Map<string, string>()
  for (let at = 0; at + 1 < fields.length; at += 2)
    message.set(fields[at] as string, fields[at + 1] as string)
  const reference = message.get('reference') ?? message.get('batchref')
  const quantity = message.get('quantity') ?? message.get('qty')
  if (reference === undefined) throw new InvalidValue('The message has no field "reference".')
  if (quantity === undefined) throw new InvalidValue('The message has no field "quantity".')
  if (!/^\d{1,10}$/.test(quantity))
    throw new InvalidValue(`The quantity ${JSON.stringify(quantity)} is not a whole number.`)
  const reason = message.get('reason') ?? ''
  return {
    type: 'ChangeBatchQuantity',
    reference: parseBatchReference(reference),
    quantity: parseQuantity(Number(quantity), 0),
    reason: reason === '' ? null : parseReason(reason),
    expectedVersion: null,
  }
}
