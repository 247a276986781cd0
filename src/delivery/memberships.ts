import type { LiveGroups } from './groups.ts'
import type { Member } from './member.ts'
import type { LiveOperation } from '../graphql/subscriptions/operation.ts'

const NOT_JOINED_YET = (): void => {}

/**
 * The group memberships of one connection, by operation id. All joins and leaves of the connection go through here, so that a closed
 * connection joins nothing, and closing leaves all groups.
 */
export class Memberships {
  readonly #groups: Pick<LiveGroups, 'join'>
  readonly #leave = new Map<string, () => void>()
  #closed = false

  constructor(groups: Pick<LiveGroups, 'join'>) {
    this.#groups = groups
  }

  get size(): number {
    return this.#leave.size
  }

  has(id: string): boolean {
    return this.#leave.has(id)
  }

  /**
   * Joins the operation's group, unless the connection is closed.
   *
   * @throws if the group cannot be joined; the connection is not a member then
   */
  join(id: string, operation: LiveOperation, member: Member): void {
    if (this.#closed) return
    this.#leave.set(id, NOT_JOINED_YET)
    try {
      const leave = this.#groups.join(operation, member)
      // The group sends its state during `join`, which can end the membership or the whole connection.
      if (this.#leave.has(id)) this.#leave.set(id, leave)
      else leave()
    } catch (error) {
      this.#leave.delete(id)
      throw error
    }
  }

  /** @returns false if there was no such operation */
  leave(id: string): boolean {
    const leave = this.#leave.get(id)
    if (leave === undefined) return false
    this.#leave.delete(id)
    leave()
    return true
  }

  close(): void {
    this.#closed = true
    for (const id of [...this.#leave.keys()]) this.leave(id)
  }
}
