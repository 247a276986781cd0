/**
 * Decides and writes batches of commands of one partition, each batch in one transaction:
 *
 * 1. Lock the partition. From here on its head is the truth, and nobody else writes.
 * 2. Load what the commands name and memory does not hold.
 * 3. Decide them in turn, each upon what the ones before it left. A refused command refuses alone.
 * 4. Write events, rows and receipts, and commit. Only then is anyone answered.
 *
 * A command that takes stock from a batch needs that batch's newest lines from the database. So that these are
 * true, what the commands before it changed is written first, within the same transaction.
 */
import { decide, lineKey, unitsToFree } from '../domain/decide.ts'
import type { LineKey } from '../domain/decide.ts'
import type { Command } from '../domain/messages.ts'
import type { BatchReference, OrderId, Sku } from '../domain/values.ts'
import type { Session } from '../lib/postgres.ts'
import { createLogWriter } from '../log/append.ts'
import type { Head, LogWriter } from '../log/append.ts'
import type { Partition } from '../log/partition.ts'
import { newTag } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'
import type { LoggedEvent } from '../log/read.ts'
import type { AggregateCache } from './aggregate-cache.ts'
import { createLoader } from './load.ts'
import type { Loader } from './load.ts'
import { fingerprintOf } from './request.ts'
import type { CommandRequest, Outcome } from './request.ts'
import { createSave } from './save.ts'
import type { Save } from './save.ts'
import { StreamFence, createStreamPositions } from './stream-fence.ts'
import type { StreamPositions } from './stream-fence.ts'
import { Unit } from './unit.ts'

export interface Written {
  /** One for each request; an `Error` where deciding that command failed, which left the others alone. */
  readonly outcomes: readonly (Outcome | Error)[]
  readonly events: readonly LoggedEvent[]
  /** The head before, and after. */
  readonly from: LogPoint
  readonly head: LogPoint
}

export class PartitionWriter {
  readonly #partition: Partition
  readonly #session: Session
  readonly #cache: AggregateCache
  readonly #now: () => Date
  readonly #log: LogWriter
  readonly #load: Loader
  readonly #save: Save
  readonly #streams: StreamPositions

  /** @param partitions how many the log has */
  constructor(
    partition: Partition,
    partitions: number,
    session: Session,
    cache: AggregateCache,
    now: () => Date,
  ) {
    this.#partition = partition
    this.#session = session
    this.#cache = cache
    this.#now = now
    this.#log = createLogWriter(session.db)
    this.#load = createLoader(session.db, partition)
    this.#save = createSave(session.db)
    this.#streams = createStreamPositions(session.db, partitions)
  }

  /** @throws CommitUnknown, or why the transaction failed; then nothing was written */
  async write(requests: readonly CommandRequest[]): Promise<Written> {
    try {
      const { products, ...written } = await this.#session.transaction(() => this.#decideAll(requests))
      this.#cache.leave(written.head, products)
      return written
    } catch (error) {
      this.#cache.forget()
      throw error
    }
  }

  async #decideAll(requests: readonly CommandRequest[]) {
    const { unit, fence, from } = await this.#prepare(requests)
    const now = this.#timeAfter(from.recordedAt)
    const outcomes: (Outcome | Error)[] = []
    for (const request of requests) {
      const { id, source } = request
      const outcome =
        fence.check(source, unit.receipt(id) !== undefined) ?? (await this.#answer(unit, request, now))
      outcomes.push(outcome)
      if (!(outcome instanceof Error)) fence.pass(source)
    }
    await fence.save(this.#streams, this.#partition, now)
    await this.#save(this.#partition, unit.takeChanges(), now)
    const tag = newTag()
    const events = unit.events.map((event) => ({ ...event, tag: event.position === unit.head ? tag : null }))
    await this.#log.append(this.#partition, events)
    const head = events.length === 0 ? from : { position: unit.head, tag }
    return { outcomes, events, from, head, products: unit.products.values() }
  }

  /** Events are recorded in the order of their times, whatever the clocks of several processes say. */
  #timeAfter(last: Date | null): Date {
    const now = this.#now()
    return last !== null && now < last ? last : now
  }

  async #prepare(
    requests: readonly CommandRequest[],
  ): Promise<{ unit: Unit; fence: StreamFence; from: Head }> {
    const named = namesIn(requests.map((request) => request.command))
    const [head, fence, receipts, lines, skus] = await Promise.all([
      this.#log.lock(this.#partition),
      StreamFence.load(this.#streams, requests),
      this.#load.receipts(requests.map((request) => request.id)),
      this.#load.lines([...named.lines.values()]),
      this.#load.skusOf([...named.batches]),
    ])
    this.#cache.enter(head)
    const unit = new Unit(head.position)
    unit.know({ receipts, lines })
    for (const { reference, sku } of skus) {
      unit.skuOf.set(reference, sku)
      named.skus.add(sku)
    }
    const cached = [...named.skus].flatMap((sku) => this.#cache.get(sku) ?? [])
    unit.know({ products: cached })
    unit.know({
      products: await this.#load.products([...named.skus].filter((sku) => !unit.products.has(sku))),
    })
    return { unit, fence, from: head }
  }

  async #answer(unit: Unit, { id, command }: CommandRequest, now: Date): Promise<Outcome | Error> {
    const fingerprint = fingerprintOf(command)
    const earlier = unit.receipt(id)
    if (earlier !== undefined) {
      if (earlier.fingerprint === fingerprint) return { ...earlier.outcome, replayed: true }
      return { status: 'refused', rejection: { type: 'CommandIdReused', commandId: id }, replayed: false }
    }
    const units = unitsToFree(unit, command)
    if (units > 0 && command.type === 'ChangeBatchQuantity') {
      await this.#save(this.#partition, unit.takeChanges(), now)
      unit.know({ lines: await this.#load.newestLines(command.reference, units) })
    }
    let outcome: Outcome
    try {
      const decision = decide(unit, command, { commandId: id, now, next: unit.nextPosition })
      if (decision.status === 'accepted') {
        const { events, batchReference } = decision
        unit.apply(events)
        outcome = {
          status: 'accepted',
          partition: this.#partition,
          position: unit.head,
          batchReference,
          replayed: false,
        }
      } else {
        outcome = { status: 'refused', rejection: decision.rejection, replayed: false }
      }
    } catch (error) {
      return error as Error
    }
    unit.keepReceipt({ commandId: id, fingerprint, outcome })
    return outcome
  }
}

function namesIn(commands: readonly Command[]) {
  const skus = new Set<Sku>()
  const batches = new Set<BatchReference>()
  const lines = new Map<LineKey, { orderId: OrderId; sku: Sku }>()
  for (const command of commands) {
    switch (command.type) {
      case 'CreateBatch':
        skus.add(command.sku)
        batches.add(command.reference)
        break
      case 'ChangeBatchQuantity':
        batches.add(command.reference)
        break
      case 'Allocate':
      case 'Deallocate':
        skus.add(command.sku)
        lines.set(lineKey(command.orderId, command.sku), command)
        break
      default:
        command satisfies never
    }
  }
  return { skus, batches, lines }
}
