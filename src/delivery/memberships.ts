import type { LiveGroups } from './groups.ts'
import type { Member } from './member.ts'
import type { LiveOperation } from '../graphql/subscriptions/operation.ts'

const NOT_JOINED_YET = (): void => {}

/**
 * The groups that one connection is a member of, by the ids of its operations. Every join and every leave of the connection is
 * decided here: nothing is joined once the connection is closed, and closing leaves everything.
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
   * @throws what keeps the group from being joined; the connection is not a member then
   */
  join(id: string, operation: LiveOperation, member: Member): void {
    if (this.#closed) return
    this.#leave.set(id, NOT_JOINED_YET)
    try {
      const leave = this.#groups.join(operation, member)
      // A group delivers what it has while it is joined. That can end the membership, or the whole connection.
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
