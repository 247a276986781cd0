/**
 * Reading what has been before, shared out. A turn is a page of movements for one live operation. In each interval there are so many
 * turns in all and so many for one client, and clients that wait get theirs one after another; so no client waits for another
 * one's replays, and commands do not wait for anybody's. Where nobody waits, a turn is given at once.
 */
import { deferred } from '../lib/deferred.ts'
import type { Deferred } from '../lib/deferred.ts'
import type { Client } from '../admission/client-shares.ts'

export interface ReplayTurnsOptions {
  readonly intervalMs: number
  /** In an interval. */
  readonly turns: number
  readonly turnsPerClient: number
}

interface Waiting {
  readonly turn: Deferred<void>
  /** False once nobody needs the turn any more: it goes to another one. */
  readonly isWanted: () => boolean
}

export class ReplayTurns {
  readonly #options: ReplayTurnsOptions
  /** Those who wait, by client; the client whose turn is next comes first. */
  readonly #waiting = new Map<Client, Waiting[]>()
  #given = 0
  #givenTo = new Map<Client, number>()
  #intervalStart = -Infinity
  /** Turns will be shared out among those who wait when the interval ends. */
  #scheduled = false

  constructor(options: ReplayTurnsOptions) {
    this.#options = options
  }

  /** @returns when it is the client's turn, or when the turn is not wanted any more */
  async take(client: Client, isWanted: () => boolean): Promise<void> {
    if (performance.now() - this.#intervalStart >= this.#options.intervalMs) this.#startInterval()
    if (this.#waiting.size === 0 && this.#hasTurnFor(client)) return this.#give(client)
    const waiting: Waiting = { turn: deferred(), isWanted }
    const others = this.#waiting.get(client)
    if (others === undefined) this.#waiting.set(client, [waiting])
    else others.push(waiting)
    if (!this.#scheduled) this.#schedule()
    await waiting.turn.promise
  }

  #startInterval(): void {
    this.#intervalStart = performance.now()
    this.#given = 0
    this.#givenTo = new Map()
  }

  #hasTurnFor(client: Client): boolean {
    const { turns, turnsPerClient } = this.#options
    return this.#given < turns && (this.#givenTo.get(client) ?? 0) < turnsPerClient
  }

  #give(client: Client): void {
    this.#given += 1
    this.#givenTo.set(client, (this.#givenTo.get(client) ?? 0) + 1)
  }

  #shareOut(): void {
    this.#startInterval()
    for (let round = 0; round < this.#options.turnsPerClient; round += 1) {
      for (const [client, waiting] of [...this.#waiting]) {
        if (this.#given >= this.#options.turns) break
        this.#serve(client, waiting)
      }
    }
    this.#scheduled = false
    if (this.#waiting.size > 0) this.#schedule()
  }

  #schedule(): void {
    this.#scheduled = true
    setTimeout(() => this.#shareOut(), this.#options.intervalMs)
  }

  #serve(client: Client, waiting: Waiting[]): void {
    // Behind all others, if it goes on waiting.
    this.#waiting.delete(client)
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      next.turn.resolve()
      if (!next.isWanted()) continue
      this.#give(client)
      break
    }
    if (waiting.length > 0) this.#waiting.set(client, waiting)
  }
}
