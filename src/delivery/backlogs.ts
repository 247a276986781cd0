import type { ClientMemory, Holding } from '../admission/client-memory.ts'
import type { Client, ClientShares } from '../admission/client-shares.ts'
import type { Frame } from './frame.ts'

/** Estimated memory per entry of a backlog beside its result. */
const ENTRY_BYTES = 300

/**
 * Limits the memory for results that slow clients have not read yet. A result that waits for several connections counts once in total
 * and once per client.
 */
export class Backlogs {
  readonly #memory: Holding
  readonly #clients: ClientShares
  readonly #holders = new Map<Frame, number>()

  constructor(memory: Pick<ClientMemory, 'hold' | 'perClient'>) {
    this.#memory = memory.hold('backlogs')
    this.#clients = memory.perClient('backlogs')
  }

  /** @returns false if the memory is used up */
  keep(frame: Frame, client: Client): boolean {
    const holders = this.#holders.get(frame) ?? 0
    const bytes = ENTRY_BYTES + (holders === 0 ? frame.payload.length : 0)
    if (!this.#clients.take(client, frame.payload.length, frame)) return false
    if (!this.#memory.take(bytes)) {
      this.#clients.give(client, frame.payload.length, frame)
      return false
    }
    this.#holders.set(frame, holders + 1)
    return true
  }

  drop(frame: Frame, client: Client): void {
    const holders = (this.#holders.get(frame) ?? 0) - 1
    if (holders > 0) this.#holders.set(frame, holders)
    else this.#holders.delete(frame)
    this.#memory.give(ENTRY_BYTES + (holders > 0 ? 0 : frame.payload.length))
    this.#clients.give(client, frame.payload.length, frame)
  }

  /** Counts bytes in a connection's send buffer. @returns false if the memory is used up */
  buffer(bytes: number, client: Client): boolean {
    if (!this.#clients.take(client, bytes)) return false
    if (this.#memory.take(bytes)) return true
    this.#clients.give(client, bytes)
    return false
  }

  unbuffer(bytes: number, client: Client): void {
    this.#memory.give(bytes)
    this.#clients.give(client, bytes)
  }
}
