/**
 * Decides and writes the command groups of one partition, each group in one transaction:
 *
 * 1. Lock the partition. From here on nobody else writes to it, so its head stays current.
 * 2. Load what the commands name and the cache does not hold.
 * 3. Decide the commands in turn, each on the result of the previous ones. A rejected command does not affect the others.
 * 4. Write events, rows and receipts, and commit. The commands are answered only after the commit.
 *
 * A command may move lines that it does not name: a batch's newest lines, or a product's waiting ones. These are read from the
 * database, so the changes of the previous commands are written first, in the same transaction.
 *
 * A command that moves many lines gets its own transaction, so that other commands neither wait for it nor fail with it.
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
import type { Claim, ClaimReferences } from './claims.ts'
import { createLoader } from './load.ts'
import type { Loader } from './load.ts'
import { fingerprintOf, isFingerprintOf } from './request.ts'
import type { CommandRequest, Outcome, RoutedRequest } from './request.ts'
import { createSave } from './save.ts'
import type { Save } from './save.ts'
import { StreamFence, createStreamPositions } from './stream-fence.ts'
import type { StreamPositions } from './stream-fence.ts'
import { UnitOfWork } from './unit-of-work.ts'

export interface Written {
  /**
   * The outcomes of the first requests, in order; an `Error` where deciding a command failed, which does not affect the others.
   * Requests without an outcome were not processed and belong in the next transaction.
   */
  readonly outcomes: readonly (Outcome | Error)[]
  readonly events: readonly LoggedEvent[]
  /** The head before the transaction. */
  readonly from: LogPoint
  /** The head after the transaction. */
  readonly head: LogPoint
}

/** From this many loaded lines on, a command gets its own transaction. */
const MANY_LINES = 1000
/** How many waiting lines are loaded first. Each further load reads three times the lines loaded so far. */
const FIRST_WAITING = 250
/** After more events than this, a transaction takes no further commands. */
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

  /** @param partitions how many partitions the log has */
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

  /** @throws CommitUnknown, or the error with which the transaction failed; in that case nothing was written */
  async write(requests: readonly RoutedRequest[]): Promise<Written> {
    try {
      const { products, ...written } = await this.#session.transaction(() => this.#decideAll(requests))
      this.#cache.leave(written.head, products)
      return written
    } catch (error) {
      this.#cache.clear()
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

  /** Event times never decrease within a partition, even if the clocks of several processes differ. */
  #timeAfter(last: Date | null): Date {
    const now = this.#now()
    return last !== null && now < last ? last : now
  }

  async #prepare(
    requests: readonly RoutedRequest[],
  ): Promise<{ unit: UnitOfWork; fence: StreamFence; from: Head }> {
    const named = namesIn(requests)
    const [head, fence, claimed, receipts, lines, skus] = await Promise.all([
      this.#log.lock(this.#partition),
      StreamFence.load(this.#streams, requests),
      this.#claim(this.#partition, named.unclaimed, this.#now()),
      this.#load.receipts(requests.map((request) => request.id)),
      this.#load.lines([...named.lines.values()]),
      this.#load.skusOf([...named.batches]),
    ])
    this.#cache.enter(head)
    const unit = new UnitOfWork(head.position)
    unit.add({ receipts, lines })
    for (const { reference, sku } of [...claimed, ...named.claimed]) unit.claims.set(reference, sku)
    for (const { reference, sku } of skus) {
      unit.skuOf.set(reference, sku)
      named.skus.add(sku)
    }
    const cached = [...named.skus].flatMap((sku) => this.#cache.get(sku) ?? [])
    unit.add({ products: cached })
    unit.add({
      products: await this.#load.products([...named.skus].filter((sku) => !unit.products.has(sku))),
    })
    return { unit, fence, from: head }
  }

  /** @returns null if the command moves many lines and is not the first of its transaction */
  async #answer(
    unit: UnitOfWork,
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
    unit.addReceipt({ commandId: id, fingerprint, outcome })
    return outcome
  }

  #take(unit: UnitOfWork, decision: Accepted | Rejected): Outcome {
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
   * Repeats the decision until all lines that it needs are loaded.
   *
   * @returns an error if deciding failed; null if the command moves many lines and is not the first of its transaction
   */
  async #decide(
    unit: UnitOfWork,
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
      const loaded = unit.countLoaded(needs)
      if (!isFirst && loaded >= MANY_LINES) return null
      if (!written) await this.#save(this.#partition, unit.takeChanges(), now)
      await this.#loadLines(unit, needs, isFirst ? MAX_LINES_PER_COMMAND + 1 : MANY_LINES)
    }
  }

  async #loadLines(unit: UnitOfWork, needs: LinesNeeded, most: number): Promise<void> {
    if (needs.of === 'batch') {
      unit.setNewestLines(needs.reference, await this.#load.newestLines(needs.reference, needs.units, most))
      return
    }
    const loaded = unit.waitingLines(needs.sku).lines
    const [more, least] = await Promise.all([
      this.#load.waitingLines(
        needs.sku,
        needs.atMost,
        loaded.at(-1)?.placed ?? LOG_ORIGIN.position,
        Math.min(most, Math.max(FIRST_WAITING, loaded.length * 3)),
      ),
      this.#load.leastWaiting(needs.sku),
    ])
    unit.addWaitingLines(needs.sku, more, least)
  }
}

function namesIn(requests: readonly RoutedRequest[]) {
  const skus = new Set<Sku>()
  const batches = new Set<BatchReference>()
  const lines = new Map<LineKey, { orderId: OrderId; sku: Sku }>()
  const claimed: Claim[] = []
  const unclaimed: Claim[] = []
  for (const request of requests) {
    const { sku, batch, line, claim } = concernsOf(request.command)
    if (sku !== null) skus.add(sku)
    if (batch !== undefined) batches.add(batch)
    if (line !== undefined) lines.set(lineKey(line.orderId, line.sku), line)
    if (claim !== undefined && request.claimed === true) claimed.push(claim)
    if (claim !== undefined && request.claimed === null) unclaimed.push(claim)
  }
  return { skus, batches, lines, claimed, unclaimed }
}
