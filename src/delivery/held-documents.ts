import type { Holding } from '../admission/client-memory.ts'
import type { LiveDocument } from '../graphql/subscriptions/operation.ts'

/** Counts the memory of the groups' documents. A document that thousands of groups share counts once. */
export class HeldDocuments {
  readonly #memory: Holding
  readonly #holders = new Map<LiveDocument, number>()

  constructor(memory: Holding) {
    this.#memory = memory
  }

  /** @returns a function that releases the document; null if the memory is used up */
  hold(document: LiveDocument): (() => void) | null {
    const holders = this.#holders.get(document) ?? 0
    if (holders === 0 && !this.#memory.take(document.bytes)) return null
    this.#holders.set(document, holders + 1)
    return () => this.#release(document)
  }

  #release(document: LiveDocument): void {
    const holders = (this.#holders.get(document) ?? 0) - 1
    if (holders > 0) {
      this.#holders.set(document, holders)
      return
    }
    this.#holders.delete(document)
    this.#memory.give(document.bytes)
  }
}
