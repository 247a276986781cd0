/**
 * Every command enters through the dispatcher. Each partition has a queue and writes one command group at a time. While a
 * group commits, the next one gathers in the queue, so groups grow with the load, up to hundreds of commands per commit.
 *
 * Modes of a partition: idle (queue empty), writing (one group in a transaction), and after `close` draining.
 * Invariants: each command is answered once, after its commit; the queue is bounded; commands are written in the order of
 * their arrival.
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
  /** One writer per partition, in the order of the partitions. */
  readonly writers: readonly Pick<PartitionWriter, 'write'>[]
  /** Finds the product of a batch. Called only if there are several partitions. */
  readonly skuOf: (reference: BatchReference) => Promise<Sku | undefined>
  /** Finds the partition that has a command's receipt. Called for the same commands as `skuOf`. */
  readonly answeredIn: (id: CommandId) => Promise<Partition | undefined>
  readonly claimReferences: ClaimReferences
  readonly now: () => Date
  readonly maxGroupCommands: number
  readonly maxQueuedCommands: number
  /** Called after each commit, before its commands are answered. */
  readonly onCommit: (commit: Commit) => void
  readonly onCommandGroup: (report: CommandGroupReport) => void
}

export interface CommandGroupReport {
  readonly commands: number
  readonly durationMs: number
  readonly failed: boolean
}

interface QueuedCommand {
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
   * @returns the outcome, after its commit
   * @throws Overloaded, Unavailable (nothing was done), OutcomeUnknown (the caller sends the command again with the same id)
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

  /** Accepts no further commands, and resolves when all queued ones have been answered. */
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
    // A command that was rejected because its batch did not exist keeps that answer after the batch is created.
    const [answered, sku] = await Promise.all([answeredIn(id), skuOf(concerns.batch)])
    return answered ?? (sku === undefined ? 0 : partitionOf(sku, this.#queues.length))
  }

  /** Claims the reference of a new batch. If the batch's own partition is the home, its writer does that (null). */
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
  #queue: QueuedCommand[] = []
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
        `${maxQueuedCommands} commands are already waiting; send this one again in a moment.`,
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
      // Wait one turn, so that requests that have just arrived, and new ones of callers just answered, join this group.
      await nextTurn()
      const left = await this.#write(this.#queue.splice(0, this.#options.maxGroupCommands))
      this.#queue.unshift(...left)
    }
    this.#writing = null
  }

  /** @returns the commands at the end of the group that are left for the next one */
  async #write(group: readonly QueuedCommand[], alone = false): Promise<readonly QueuedCommand[]> {
    const startedAt = performance.now()
    let failed = true
    try {
      const { outcomes, events, from, head } = await this.#writer.write(group.map(({ request }) => request))
      failed = false
      if (events.length > 0) this.#options.onCommit({ partition: this.#partition, from, head, events })
      for (const [at, outcome] of outcomes.entries()) {
        const { answer } = group[at] as QueuedCommand
        if (outcome instanceof Error) answer.reject(outcome)
        else answer.resolve(outcome)
      }
      return group.slice(outcomes.length)
    } catch (error) {
      await this.#fail(group, error, alone)
      return []
    } finally {
      this.#options.onCommandGroup({
        commands: group.length,
        durationMs: performance.now() - startedAt,
        failed,
      })
    }
  }

  /**
   * If a group violates a constraint, one of its commands is the cause: through a bug, or because another partition has just
   * taken the same batch reference. Written one by one, each command gets its own answer.
   */
  async #fail(group: readonly QueuedCommand[], error: unknown, alone: boolean): Promise<void> {
    if (isIntegrityViolation(error) && !alone) {
      for (const queued of group) await this.#write([queued], true)
      return
    }
    const fault = asFault(error)
    for (const { answer } of group) answer.reject(fault)
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
