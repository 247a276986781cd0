/**
 * The one way in for commands. Each partition has a queue and one batch under way: while that commits, the next
 * one gathers, so the busier it gets, the larger the batches, and one commit carries hundreds of commands.
 *
 * Modes of a partition: idle (queue empty), writing (one batch in a transaction), and after `close` draining.
 * Invariants: a command is answered once, after its commit; the queue is bounded; batches keep the order of
 * arrival.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { concernsOf } from '../domain/commands.ts'
import type { Command } from '../domain/commands.ts'
import type { BatchReference, CommandId, Sku } from '../domain/values.ts'
import { deferred } from '../lib/deferred.ts'
import type { Deferred } from '../lib/deferred.ts'
import { isIntegrityViolation, isUnavailable } from '../lib/postgres-error.ts'
import { CommitUnknown } from '../lib/postgres.ts'
import { partitionOf } from '../log/partition.ts'
import type { Partition } from '../log/partition.ts'
import type { Commit } from '../log/tail.ts'
import { homeOf } from './claims.ts'
import type { ClaimReferences } from './claims.ts'
import { OutcomeUnknown, Overloaded, Unavailable } from './faults.ts'
import type { PartitionWriter } from './partition-writer.ts'
import type { CommandRequest, Outcome, RoutedRequest } from './request.ts'

export interface DispatcherOptions {
  /** One a partition, in order. */
  readonly writers: readonly Pick<PartitionWriter, 'write'>[]
  /** Finds a batch's product; asked only when there are several partitions. */
  readonly skuOf: (reference: BatchReference) => Promise<Sku | undefined>
  /** Finds the partition that has a command's receipt; asked for the same commands. */
  readonly answeredIn: (id: CommandId) => Promise<Partition | undefined>
  readonly claimReferences: ClaimReferences
  readonly now: () => Date
  readonly maxBatchCommands: number
  readonly maxQueuedCommands: number
  /** Told of each commit at once, before its callers are. */
  readonly onCommit: (commit: Commit) => void
  readonly onCommandGroup: (report: CommandGroupReport) => void
}

export interface CommandGroupReport {
  readonly commands: number
  readonly durationMs: number
  readonly failed: boolean
}

interface Waiting {
  readonly request: RoutedRequest
  readonly answer: Deferred<Outcome>
}

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #queues: PartitionQueue[]
  #closed = false

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#queues = options.writers.map((writer, partition) => new PartitionQueue(partition, writer, options))
  }

  /**
   * @returns the decision, once it is durable
   * @throws Overloaded, Unavailable (nothing was done), OutcomeUnknown (send it again with the same id)
   */
  async dispatch(request: CommandRequest): Promise<Outcome> {
    if (this.#closed) throw new Unavailable('The server is shutting down.')
    const [only, ...others] = this.#queues
    if (only === undefined) throw new Error('The log has no partitions.')
    if (others.length === 0) return only.add({ ...request, claimed: null })
    const { partition, claimed } = await this.#route(request).catch((error: unknown) => {
      throw asFault(error)
    })
    return (this.#queues[partition] as PartitionQueue).add({ ...request, claimed })
  }

  get queuedCommands(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.length, 0)
  }

  /** Answers what is queued and takes no more. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#queues.map((queue) => queue.idle()))
  }

  async #route({ id, command }: CommandRequest): Promise<{ partition: Partition; claimed: boolean | null }> {
    const partition = await this.#partitionFor(id, command)
    return { partition, claimed: await this.#claim(command, partition) }
  }

  async #partitionFor(id: CommandId, command: Command): Promise<Partition> {
    const { answeredIn, skuOf } = this.#options
    const concerns = concernsOf(command)
    if (concerns.sku !== null) return partitionOf(concerns.sku, this.#queues.length)
    // A command that was refused because there was no such batch keeps that answer when there is one.
    const [answered, sku] = await Promise.all([answeredIn(id), skuOf(concerns.batch)])
    return answered ?? (sku === undefined ? 0 : partitionOf(sku, this.#queues.length))
  }

  /** Claims the reference of a new batch, unless it is for the batch's own partition to grant. */
  async #claim(command: Command, partition: Partition): Promise<boolean | null> {
    const { claim } = concernsOf(command)
    if (claim === undefined) return null
    const home = homeOf(claim.reference, this.#queues.length)
    if (home === partition) return null
    const { claimReferences, now } = this.#options
    return (await claimReferences(home, [claim], now())).length > 0
  }
}

class PartitionQueue {
  readonly #partition: Partition
  readonly #writer: Pick<PartitionWriter, 'write'>
  readonly #options: DispatcherOptions
  #queue: Waiting[] = []
  #writing: Promise<void> | null = null

  constructor(partition: Partition, writer: Pick<PartitionWriter, 'write'>, options: DispatcherOptions) {
    this.#partition = partition
    this.#writer = writer
    this.#options = options
  }

  get length(): number {
    return this.#queue.length
  }

  add(request: RoutedRequest): Promise<Outcome> {
    const { maxQueuedCommands } = this.#options
    if (this.#queue.length >= maxQueuedCommands) {
      throw new Overloaded(
        `${maxQueuedCommands} commands are waiting already; send this one again in a moment.`,
      )
    }
    const answer = deferred<Outcome>()
    this.#queue.push({ request, answer })
    this.#writing ??= this.#drain()
    return answer.promise
  }

  async idle(): Promise<void> {
    while (this.#writing !== null) await this.#writing
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // Callers that were just answered, and requests that have just arrived, still make it into this batch.
      await nextTurn()
      const left = await this.#write(this.#queue.splice(0, this.#options.maxBatchCommands))
      this.#queue.unshift(...left)
    }
    this.#writing = null
  }

  /** @returns those at the end of the batch that are left for the next one */
  async #write(batch: readonly Waiting[], alone = false): Promise<readonly Waiting[]> {
    const startedAt = performance.now()
    let failed = true
    try {
      const { outcomes, events, from, head } = await this.#writer.write(batch.map(({ request }) => request))
      failed = false
      if (events.length > 0) this.#options.onCommit({ partition: this.#partition, from, head, events })
      for (const [at, outcome] of outcomes.entries()) {
        const { answer } = batch[at] as Waiting
        if (outcome instanceof Error) answer.reject(outcome)
        else answer.resolve(outcome)
      }
      return batch.slice(outcomes.length)
    } catch (error) {
      await this.#fail(batch, error, alone)
      return []
    } finally {
      this.#options.onCommandGroup({
        commands: batch.length,
        durationMs: performance.now() - startedAt,
        failed,
      })
    }
  }

  /**
   * A constraint that a whole batch ran into was broken by one command of it: by a bug, or because another
   * partition took the same batch reference a moment ago. Alone, each gets its own answer.
   */
  async #fail(batch: readonly Waiting[], error: unknown, alone: boolean): Promise<void> {
    if (isIntegrityViolation(error) && !alone) {
      for (const waiting of batch) await this.#write([waiting], true)
      return
    }
    const fault = asFault(error)
    for (const { answer } of batch) answer.reject(fault)
  }
}

function asFault(error: unknown): unknown {
  if (error instanceof CommitUnknown) {
    return new OutcomeUnknown('The connection to the database was lost while this command was committed.', {
      cause: error,
    })
  }
  if (isUnavailable(error)) return new Unavailable('The database cannot be reached.', { cause: error })
  return error
}
