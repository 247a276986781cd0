import type { Holding } from '../admission/client-memory.ts'
import type { LiveDocument } from '../graphql/subscriptions/operation.ts'

/** The documents of the groups there are. Thousands of groups can have the same one, which then is counted once. */
export class HeldDocuments {
  readonly #memory: Holding
  readonly #holders = new Map<LiveDocument, number>()

  constructor(memory: Holding) {
    this.#memory = memory
  }

  /** @returns a function that lets go of it; null if there is no room */
  hold(document: LiveDocument): (() => void) | null {
    const holders = this.#holders.get(document) ?? 0
    if (holders === 0 && !this.#memory.take(document.bytes)) return null
    this.#holders.set(document, holders + 1)
    return () => this.#letGo(document)
  }

  #letGo(document: LiveDocument): void {
    const holders = (this.#holders.get(document) ?? 0) - 1
    if (holders > 0) {
      this.#holders.set(document, holders)
      return
    }
    this.#holders.delete(document)
    this.#memory.give(document.bytes)
  }
}
