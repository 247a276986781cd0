/**
 * Live operations that ask for the same are one group: each change is executed once for all of its members, and made JSON once.
 *
 * A group begins with its first member. After the last has left it waits a while for another, so that clients who reconnect
 * after a failure or a deployment find it warm and cost no reads; meanwhile it executes nothing.
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
  /** How long a group waits for another member. */
  readonly lingerMs: number
  /** How many groups may wait. */
  readonly maxIdle: number
  readonly createContext: () => ApiContext
}

/** Work on states goes on for so long before others are served. */
const SLICE_MS = 20
/** Pages of 100 movements: 10,000 movements a second for a client, and 20,000 for all. */
const REPLAY_TURNS = { intervalMs: 20, turns: 4, turnsPerClient: 2 }

const TOO_MANY = fault('OVERLOADED', 'There are too many different live operations.', { retryable: true })
const TOO_MANY_OF_CLIENT = fault(
  'OVERLOADED',
  'There are too many different live operations from your connection or address. Leave some, or ask for the same with smaller documents.',
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
  /** Groups without members, the longest idle first, with what closes them in the end. */
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

  /** The members of all groups. */
  get members(): number {
    return [...this.#groups.values()].reduce((sum, { members }) => sum + members, 0)
  }

  /** Members by the root field that they watch. What clients choose beside it can be anything, and as much as they like. */
  membersByField(): ReadonlyMap<string, number> {
    const watching = new Map<string, number>()
    for (const { name, members } of this.#groups.values()) {
      const field = name.split(' ', 1)[0] as string
      watching.set(field, (watching.get(field) ?? 0) + members)
    }
    return watching
  }

  /** The groups with the most members, by names that have what clients chose in them. */
  largest(count: number): { name: string; members: number }[] {
    return [...this.#groups.values()]
      .map(({ name, members }) => ({ name, members }))
      .toSorted((a, b) => b.members - a.members)
      .slice(0, count)
  }

  /**
   * Whether the log has come to where the member left off may have to be looked up first: then the member joins, or fails, later.
   *
   * @returns a function that leaves
   * @throws what keeps the group from giving the member what it has; the member has left it then
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
      this.#giveBack(operation, member.client)
      throw error
    }
    this.#keep(group)
    const leave = () => {
      this.#giveBack(operation, member.client)
      group.leave(member)
      if (group.members === 0 && !group.closed) this.#linger(group)
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
   * Others may be in the same group, which then is kept once. But each client has to have room for all that it asks for: what it can
   * have does not depend on what others do.
   *
   * @throws GraphQLError if the client has as many operations as it can have
   */
  #charge({ document, key, bytes }: LiveOperation, client: Client): void {
    if (this.#clients.take(client, bytes, key)) {
      if (this.#clients.take(client, document.bytes, document)) return
      this.#clients.give(client, bytes, key)
    }
    throw TOO_MANY_OF_CLIENT
  }

  #giveBack({ document, key, bytes }: LiveOperation, client: Client): void {
    this.#clients.give(client, document.bytes, document)
    this.#clients.give(client, bytes, key)
  }

  /** @throws GraphQLError if there is no memory left for it */
  #open(operation: LiveOperation, client: Client): Group {
    const { name, key, source, execute } = operation
    const { ledger, memory, stats, createContext } = this.#options
    const held = memory.hold('liveOperations')
    let letGo = this.#takeMemory(operation, held)
    // Those that nobody watches are given up first.
    for (const idle of this.#idle.keys()) {
      if (letGo !== null) break
      this.#close(idle)
      letGo = this.#takeMemory(operation, held)
    }
    if (letGo === null) throw TOO_MANY
    const letGoOfDocument = letGo
    const render = createRender(execute, createContext(), this.#options)
    const onEnd = () => {
      this.#keep(group)
      if (this.#groups.get(key) === group) this.#groups.delete(key)
    }
    const results = memory.hold('liveResults', client)
    const onClose = () => {
      letGoOfDocument()
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

  /** @returns a function that lets go of the operation's document; null if there is no room for the operation */
  #takeMemory(operation: LiveOperation, held: Holding): (() => void) | null {
    const letGo = this.#documents.hold(operation.document)
    if (letGo === null || held.take(operation.bytes)) return letGo
    letGo()
    return null
  }

  #keep(group: Group): void {
    clearTimeout(this.#idle.get(group))
    this.#idle.delete(group)
  }

  #linger(group: Group): void {
    const { lingerMs, maxIdle } = this.#options
    this.#keep(group)
    const [oldest] = this.#idle.keys()
    if (oldest !== undefined && this.#idle.size >= maxIdle) this.#close(oldest)
    this.#idle.set(
      group,
      setTimeout(() => this.#close(group), lingerMs),
    )
  }

  #close(group: Group): void {
    this.#keep(group)
    this.#groups.delete(group.key)
    group.close()
  }
}
