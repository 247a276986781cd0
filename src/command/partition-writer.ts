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
import type { BatchReference, LogPosition, OrderId, Sku } from '../domain/values.ts'
import type { RecordedEvent } from '../domain/messages.ts'
import type { Session } from '../lib/postgres.ts'
import { createLogWriter } from '../log/append.ts'
import type { LogWriter } from '../log/append.ts'
import type { Partition } from '../log/partition.ts'
import type { AggregateCache } from './aggregate-cache.ts'
import { createLoader } from './load.ts'
import type { Loader } from './load.ts'
import { fingerprintOf } from './request.ts'
import type { CommandRequest, Outcome } from './request.ts'
import { createSave } from './save.ts'
import type { Save } from './save.ts'
import { Unit } from './unit.ts'

export interface Written {
  /** One for each request; an `Error` where deciding that command failed, which left the others alone. */
  readonly outcomes: readonly (Outcome | Error)[]
  readonly events: readonly RecordedEvent[]
  readonly head: LogPosition
}

export class PartitionWriter {
  readonly #partition: Partition
  readonly #session: Session
  readonly #cache: AggregateCache
  readonly #now: () => Date
  readonly #log: LogWriter
  readonly #load: Loader
  readonly #save: Save

  constructor(partition: Partition, session: Session, cache: AggregateCache, now: () => Date) {
    this.#partition = partition
    this.#session = session
    this.#cache = cache
    this.#now = now
    this.#log = createLogWriter(session.db)
    this.#load = createLoader(session.db)
    this.#save = createSave(session.db, this.#log)
  }

  /** @throws CommitUnknown, or why the transaction failed; then nothing was written */
  async write(requests: readonly CommandRequest[]): Promise<Written> {
    try {
      const { unit, outcomes } = await this.#session.transaction(() => this.#decideAll(requests))
      this.#cache.leave(unit.head, unit.products.values())
      return { outcomes, events: unit.events, head: unit.head }
    } catch (error) {
      this.#cache.forget()
      throw error
    }
  }

  async #decideAll(requests: readonly CommandRequest[]) {
    const now = this.#now()
    const unit = await this.#prepare(requests)
    const outcomes: (Outcome | Error)[] = []
    for (const request of requests) outcomes.push(await this.#answer(unit, request, now))
    await this.#save(this.#partition, unit.takeChanges(), now)
    return { unit, outcomes }
  }

  async #prepare(requests: readonly CommandRequest[]): Promise<Unit> {
    const named = namesIn(requests.map((request) => request.command))
    const [head, receipts, lines, skus] = await Promise.all([
      this.#log.lock(this.#partition),
      this.#load.receipts(requests.map((request) => request.id)),
      this.#load.lines([...named.lines.values()]),
      this.#load.skusOf([...named.batches]),
    ])
    this.#cache.enter(head)
    const unit = new Unit(head)
    unit.know({ receipts, lines })
    for (const { reference, sku, partition } of skus) {
      unit.skuOf.set(reference, sku)
      // Another partition's product is not for this one to know: its lock is not held.
      if (partition === this.#partition) named.skus.add(sku)
    }
    const cached = [...named.skus].flatMap((sku) => this.#cache.get(sku) ?? [])
    unit.know({ products: cached })
    unit.know({
      products: await this.#load.products([...named.skus].filter((sku) => !unit.products.has(sku))),
    })
    return unit
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
