/**
 * Decides and writes batches of commands of one partition, each batch in one transaction:
 *
 * 1. Lock the partition. From here on its head is the truth, and nobody else writes.
 * 2. Load what the commands name and memory does not hold.
 * 3. Decide them in turn, each upon what the ones before it left. A refused command refuses alone.
 * 4. Write events, rows and receipts, and commit. Only then is anyone answered.
 *
 * A command that moves lines it does not name needs them from the database: a batch's newest lines, or a product's waiting
 * ones. So that these are true, what the commands before it changed is written first, within the same transaction.
 *
 * A command that moves many lines gets a transaction of its own, so that others neither wait inside of it nor fail with it.
 */
import { concernsOf, deciding } from '../domain/commands.ts'
import type { Command } from '../domain/commands.ts'
import { MAX_LINES_PER_COMMAND } from '../domain/decision.ts'
import type { Accepted, Rejected } from '../domain/decision.ts'
import { lineKey } from '../domain/stock.ts'
import type { LineKey, LinesNeeded } from '../domain/stock.ts'
import type { BatchReference, CommandId, OrderId, Sku } from '../domain/values.ts'
import { inSlices } from '../lib/in-slices.ts'
import type { Session } from '../lib/postgres.ts'
import { createLogWriter } from '../log/append.ts'
import type { Head, LogWriter } from '../log/append.ts'
import type { Partition } from '../log/partition.ts'
import { LOG_ORIGIN, newTag } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'
import type { LoggedEvent } from '../log/read.ts'
import type { AggregateCache } from './aggregate-cache.ts'
import { createClaims } from './claims.ts'
import type { ClaimReferences } from './claims.ts'
import { createLoader } from './load.ts'
import type { Loader } from './load.ts'
import { fingerprintOf, isFingerprintOf } from './request.ts'
import type { CommandRequest, Outcome, RoutedRequest } from './request.ts'
import { createSave } from './save.ts'
import type { Save } from './save.ts'
import { StreamFence, createStreamPositions } from './stream-fence.ts'
import type { StreamPositions } from './stream-fence.ts'
import { Unit } from './unit.ts'

export interface Written {
  /**
   * One for each of the first requests; an `Error` where deciding that command failed, which left the others alone. The other
   * requests were not looked at: they belong into the next transaction.
   */
  readonly outcomes: readonly (Outcome | Error)[]
  readonly events: readonly LoggedEvent[]
  /** The head before, and after. */
  readonly from: LogPoint
  readonly head: LogPoint
}

/** More lines than this are many: a command that moves them gets a transaction of its own. */
const MANY_LINES = 1000
/** How many waiting lines are loaded at first; then always three times as many as before. */
const FIRST_WAITING = 250
/** A transaction that has recorded more events than this takes no further command. */
const MAX_EVENTS = 2 * MANY_LINES

export class PartitionWriter {
  readonly #partition: Partition
  readonly #session: Session
  readonly #cache: AggregateCache
  readonly #now: () => Date
  readonly #log: LogWriter
  readonly #load: Loader
  readonly #claim: ClaimReferences
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
    this.#claim = createClaims(session.db)
    this.#save = createSave(session.db)
    this.#streams = createStreamPositions(session.db, partitions)
  }

  /** @throws CommitUnknown, or why the transaction failed; then nothing was written */
  async write(requests: readonly RoutedRequest[]): Promise<Written> {
    try {
      const { products, ...written } = await this.#session.transaction(() => this.#decideAll(requests))
      this.#cache.leave(written.head, products)
      return written
    } catch (error) {
      this.#cache.forget()
      throw error
    }
  }

  async #decideAll(requests: readonly RoutedRequest[]) {
    const { unit, fence, from } = await this.#prepare(requests)
    const now = this.#timeAfter(from.recordedAt)
    const outcomes: (Outcome | Error)[] = []
    for (const request of requests) {
      const { id, source } = request
      const outcome =
        fence.check(source, unit.receipt(id) !== undefined) ??
        (await this.#answer(unit, request, now, outcomes.length === 0))
      if (outcome === null) break
      outcomes.push(outcome)
      if (!(outcome instanceof Error)) fence.pass(source)
      if (unit.events.length > MAX_EVENTS) break
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
    requests: readonly RoutedRequest[],
  ): Promise<{ unit: Unit; fence: StreamFence; from: Head }> {
    const named = namesIn(requests.map((request) => request.command))
    const claims = requests.flatMap(({ command, claimed }) => {
      const { claim } = concernsOf(command)
      return claim !== undefined && claimed === null ? [claim] : []
    })
    const [head, fence, claimed, receipts, lines, skus] = await Promise.all([
      this.#log.lock(this.#partition),
      StreamFence.load(this.#streams, requests),
      this.#claim(this.#partition, claims, this.#now()),
      this.#load.receipts(requests.map((request) => request.id)),
      this.#load.lines([...named.lines.values()]),
      this.#load.skusOf([...named.batches]),
    ])
    this.#cache.enter(head)
    const unit = new Unit(head.position)
    unit.know({ receipts, lines })
    for (const { reference, sku } of claimed) unit.claims.set(reference, sku)
    for (const { command, claimed } of requests) {
      const { claim } = concernsOf(command)
      if (claim !== undefined && claimed === true) unit.claims.set(claim.reference, claim.sku)
    }
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

  /** @returns null if the command moves many lines and others have been decided before it */
  async #answer(
    unit: Unit,
    { id, command }: CommandRequest,
    now: Date,
    isFirst: boolean,
  ): Promise<Outcome | Error | null> {
    const fingerprint = fingerprintOf(command)
    const earlier = unit.receipt(id)
    if (earlier !== undefined) {
      if (isFingerprintOf(earlier.fingerprint, command)) return { ...earlier.outcome, replayed: true }
      return { status: 'rejected', rejection: { type: 'CommandIdReused', commandId: id }, replayed: false }
    }
    const decision = await this.#decide(unit, id, command, now, isFirst)
    if (decision === null || decision instanceof Error) return decision
    const outcome = this.#take(unit, decision)
    unit.keepReceipt({ commandId: id, fingerprint, outcome })
    return outcome
  }

  #take(unit: Unit, decision: Accepted | Rejected): Outcome {
    if (decision.status === 'rejected')
      return { status: 'rejected', rejection: decision.rejection, replayed: false }
    unit.apply(decision)
    const { batchReference } = decision
    return {
      status: 'accepted',
      partition: this.#partition,
      position: unit.head,
      batchReference,
      replayed: false,
    }
  }

  /**
   * Decides as often as it takes until all lines are loaded that the decision needs.
   *
   * @returns an error where deciding failed; null if the command moves many lines and is not the first
   */
  async #decide(
    unit: Unit,
    commandId: CommandId,
    command: Command,
    now: Date,
    isFirst: boolean,
  ): Promise<Accepted | Rejected | Error | null> {
    const context = { commandId, now, next: unit.nextPosition }
    for (let written = false; ; written = true) {
      const decision = await inSlices(deciding(unit, command, context)).catch(
        (error: unknown) => error as Error,
      )
      if (decision instanceof Error) return decision
      if (decision.status !== 'undecided') return decision
      const { needs } = decision
      const loaded = unit.loaded(needs)
      if (!isFirst && loaded >= MANY_LINES) return null
      if (!written) await this.#save(this.#partition, unit.takeChanges(), now)
      await this.#loadLines(unit, needs, isFirst ? MAX_LINES_PER_COMMAND + 1 : MANY_LINES)
    }
  }

  async #loadLines(unit: Unit, needs: LinesNeeded, most: number): Promise<void> {
    if (needs.of === 'batch') {
      unit.knowNewest(needs.reference, await this.#load.newestLines(needs.reference, needs.units, most))
      return
    }
    const known = unit.waitingLines(needs.sku).lines
    const [more, least] = await Promise.all([
      this.#load.waitingLines(
        needs.sku,
        needs.atMost,
        known.at(-1)?.placed ?? LOG_ORIGIN.position,
        Math.min(most, Math.max(FIRST_WAITING, known.length * 3)),
      ),
      this.#load.leastWaiting(needs.sku),
    ])
    unit.knowMoreWaiting(needs.sku, more, least)
  }
}

function namesIn(commands: readonly Command[]) {
  const skus = new Set<Sku>()
  const batches = new Set<BatchReference>()
  const lines = new Map<LineKey, { orderId: OrderId; sku: Sku }>()
  for (const command of commands) {
    const { sku, batch, line } = concernsOf(command)
    if (sku !== null) skus.add(sku)
    if (batch !== undefined) batches.add(batch)
    if (line !== undefined) lines.set(lineKey(line.orderId, line.sku), line)
  }
  return { skus, batches, lines }
}
