import type { Holding } from '../client-memory.ts'
import type { Frame } from './frame.ts'

/** What a place in a backlog takes beside its result. */
const ENTRY_BYTES = 300

/** Memory for what slow clients have not taken yet. A result that many of them are to get is counted once. */
export class Backlogs {
  readonly #memory: Holding
  readonly #holders = new Map<Frame, number>()

  constructor(memory: Holding) {
    this.#memory = memory
  }

  /** @returns false if there is no room */
  keep(frame: Frame): boolean {
    const holders = this.#holders.get(frame) ?? 0
    if (!this.#memory.take(ENTRY_BYTES + (holders === 0 ? frame.payload.length : 0))) return false
    this.#holders.set(frame, holders + 1)
    return true
  }

  drop(frame: Frame): void {
    const holders = (this.#holders.get(frame) ?? 0) - 1
    if (holders > 0) this.#holders.set(frame, holders)
    else this.#holders.delete(frame)
    this.#memory.give(ENTRY_BYTES + (holders > 0 ? 0 : frame.payload.length))
  }

  /** For what a connection has not sent yet. @returns false if there is no room */
  buffer(bytes: number): boolean {
    return this.#memory.take(bytes)
  }

  unbuffer(bytes: number): void {
    this.#memory.give(bytes)
  }
}
