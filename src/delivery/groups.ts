/**
 * Live operations with the same key form a group: each change is executed and serialized once for all members.
 *
 * A group begins with its first member. After the last member has left, the group stays for a while without executing anything, so that
 * clients that reconnect after a failure or a deployment cause no reads.
 */
import type { ClientMemory, Holding } from '../admission/client-memory.ts'
import type { Client, ClientShares } from '../admission/client-shares.ts'
import type { ApiContext } from '../graphql/context.ts'
import { fault } from '../graphql/errors.ts'
import type { LedgerFeed } from '../live/ledger-feed.ts'
import { Slices } from '../lib/slices.ts'
import { HeldDocuments } from './held-documents.ts'
import { LedgerGroup } from './ledger-group.ts'
import type { Replays } from './ledger-group.ts'
import type { Member } from './member.ts'
import type { LiveOperation } from '../graphql/subscriptions/operation.ts'
import { createRender } from './render.ts'
import type { RenderOptions } from './render.ts'
import { ReplayPages } from './replay-pages.ts'
import { ReplayTurns } from './replay-turns.ts'
import { StateGroup } from './state-group.ts'
import type { LiveStats } from '../live/stats.ts'

export interface LiveGroupsOptions extends RenderOptions {
  readonly ledger: LedgerFeed
  readonly memory: ClientMemory
  readonly stats: LiveStats
  /** How long a group without members stays. */
  readonly lingerMs: number
  /** How many groups without members may stay. */
  readonly maxIdle: number
  readonly createContext: () => ApiContext
}

/** Work on states yields to the event loop after this time. */
const SLICE_MS = 20
/** Pages of 100 movements: 10,000 movements per second per client, and 20,000 in total. */
const REPLAY_TURNS = { intervalMs: 20, turns: 4, turnsPerClient: 2 }

const TOO_MANY = fault('OVERLOADED', 'There are too many different live operations.', { retryable: true })
const TOO_MANY_OF_CLIENT = fault(
  'OVERLOADED',
  'There are too many different live operations from your connection or address. End some, or use smaller documents.',
  { retryable: true },
)

type Group = StateGroup | LedgerGroup

export class LiveGroups {
  readonly #options: LiveGroupsOptions
  readonly #groups = new Map<string, Group>()
  readonly #slices = new Slices(SLICE_MS)
  readonly #replays: Replays
  readonly #documents: HeldDocuments
  readonly #clients: ClientShares
  /** Groups without members, longest idle first, with the timers that close them. */
  readonly #idle = new Map<Group, NodeJS.Timeout>()

  constructor(options: LiveGroupsOptions) {
    this.#options = options
    this.#documents = new HeldDocuments(options.memory.hold('liveOperations'))
    this.#clients = options.memory.perClient('liveOperations')
    this.#replays = { turns: new ReplayTurns(REPLAY_TURNS), pages: new ReplayPages(options.memory) }
  }

  get size(): number {
    return this.#groups.size
  }

  /** Number of members of all groups. */
  get members(): number {
    return [...this.#groups.values()].reduce((sum, { members }) => sum + members, 0)
  }

  /** Number of members by root field. A group's full name contains clients' input of any length. */
  membersByField(): ReadonlyMap<string, number> {
    const watching = new Map<string, number>()
    for (const { name, members } of this.#groups.values()) {
      const field = name.split(' ', 1)[0] as string
      watching.set(field, (watching.get(field) ?? 0) + members)
    }
    return watching
  }

  /** The groups with the most members. The names contain clients' input. */
  largest(count: number): { name: string; members: number }[] {
    return [...this.#groups.values()]
      .map(({ name, members }) => ({ name, members }))
      .toSorted((a, b) => b.members - a.members)
      .slice(0, count)
  }

  /**
   * Adds the member to the operation's group. If the member's cursor has to be checked in the database first, the member joins or fails
   * later.
   *
   * @returns a function that removes the member
   * @throws if the group cannot be opened or cannot send its state; the member has not joined then
   */
  join(operation: LiveOperation, member: Member): () => void {
    const admitted = operation.admit()
    if (admitted === null) return this.#enter(operation, member)
    let leave: (() => void) | null = null
    let left = false
    const enter = () => {
      if (!left) leave = this.#enter(operation, member)
    }
    admitted.then(enter).catch((error: unknown) => {
      if (!left) member.fail(error)
    })
    return () => {
      left = true
      leave?.()
    }
  }

  #enter(operation: LiveOperation, member: Member): () => void {
    this.#charge(operation, member.client)
    let group: Group
    try {
      group = this.#groups.get(operation.key) ?? this.#open(operation, member.client)
    } catch (error) {
      this.#refund(operation, member.client)
      throw error
    }
    this.#cancelClosing(group)
    const leave = () => {
      this.#refund(operation, member.client)
      group.leave(member)
      if (group.members === 0 && !group.closed) this.#closeLater(group)
    }
    try {
      if (group instanceof StateGroup) group.join(member)
      else
        group.join(
          member,
          operation.source.kind === 'ledger' ? (operation.source.after?.positions ?? null) : null,
        )
    } catch (error) {
      leave()
      throw error
    }
    return leave
  }

  close(): void {
    for (const group of this.#groups.values()) this.#close(group)
  }

  /**
   * Charges the client for the whole operation, even if others share the group and its memory. So a client's limit does not depend on
   * what others do.
   *
   * @throws GraphQLError if the client has reached its limit
   */
  #charge({ document, key, bytes }: LiveOperation, client: Client): void {
    if (this.#clients.take(client, bytes, key)) {
      if (this.#clients.take(client, document.bytes, document)) return
      this.#clients.give(client, bytes, key)
    }
    throw TOO_MANY_OF_CLIENT
  }

  #refund({ document, key, bytes }: LiveOperation, client: Client): void {
    this.#clients.give(client, document.bytes, document)
    this.#clients.give(client, bytes, key)
  }

  /** @throws GraphQLError if the memory for live operations is used up */
  #open(operation: LiveOperation, client: Client): Group {
    const { name, key, source, execute } = operation
    const { ledger, memory, stats, createContext } = this.#options
    const held = memory.hold('liveOperations')
    let release = this.#takeMemory(operation, held)
    // Close idle groups first.
    for (const idle of this.#idle.keys()) {
      if (release !== null) break
      this.#close(idle)
      release = this.#takeMemory(operation, held)
    }
    if (release === null) throw TOO_MANY
    const releaseDocument = release
    const render = createRender(execute, createContext(), this.#options)
    const onEnd = () => {
      this.#cancelClosing(group)
      if (this.#groups.get(key) === group) this.#groups.delete(key)
    }
    const results = memory.hold('liveResults', client)
    const onClose = () => {
      releaseDocument()
      held.release()
      results.release()
    }
    const group: Group =
      source.kind === 'state'
        ? new StateGroup({
            name,
            key,
            source,
            render,
            stats,
            held: results,
            slices: this.#slices,
            onEnd,
            onClose,
          })
        : new LedgerGroup({
            name,
            key,
            source,
            render,
            stats,
            held: results,
            ledger,
            replays: this.#replays,
            onEnd,
            onClose,
          })
    this.#groups.set(key, group)
    return group
  }

  /** @returns a function that releases the operation's document; null if the memory is used up */
  #takeMemory(operation: LiveOperation, held: Holding): (() => void) | null {
    const release = this.#documents.hold(operation.document)
    if (release === null || held.take(operation.bytes)) return release
    release()
    return null
  }

  #cancelClosing(group: Group): void {
    clearTimeout(this.#idle.get(group))
    this.#idle.delete(group)
  }

  #closeLater(group: Group): void {
    const { lingerMs, maxIdle } = this.#options
    this.#cancelClosing(group)
    const [oldest] = this.#idle.keys()
    if (oldest !== undefined && this.#idle.size >= maxIdle) this.#close(oldest)
    this.#idle.set(
      group,
      setTimeout(() => this.#close(group), lingerMs),
    )
  }

  #close(group: Group): void {
    this.#cancelClosing(group)
    this.#groups.delete(group.key)
    group.close()
  }
}
