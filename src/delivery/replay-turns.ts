/**
 * Limits the rate of replays. A turn allows one live operation to read one page of movements. Each interval has a limited number of turns
 * in total and per client, and waiting clients get turns in rotation, so that a client's many replays delay neither other clients nor
 * commands. If no client waits, a turn is granted at once.
 */
import { deferred } from '../lib/deferred.ts'
import type { Deferred } from '../lib/deferred.ts'
import type { Client } from '../admission/client-shares.ts'

export interface ReplayTurnsOptions {
  readonly intervalMs: number
  /** Per interval, in total. */
  readonly turns: number
  /** Per interval and client. */
  readonly turnsPerClient: number
}

interface Waiting {
  readonly turn: Deferred<void>
  /** False if the turn is no longer needed; it then goes to the next operation. */
  readonly isWanted: () => boolean
}

export class ReplayTurns {
  readonly #options: ReplayTurnsOptions
  /** Waiting operations by client; the next client comes first. */
  readonly #waiting = new Map<Client, Waiting[]>()
  #granted = 0
  #grantedByClient = new Map<Client, number>()
  #intervalStart = -Infinity
  /** Whether a timer will distribute turns at the end of the interval. */
  #scheduled = false

  constructor(options: ReplayTurnsOptions) {
    this.#options = options
  }

  /** Resolves when the client gets a turn, or when the turn is no longer wanted. */
  async take(client: Client, isWanted: () => boolean): Promise<void> {
    if (performance.now() - this.#intervalStart >= this.#options.intervalMs) this.#startInterval()
    if (this.#waiting.size === 0 && this.#hasTurnFor(client)) return this.#grant(client)
    const waiting: Waiting = { turn: deferred(), isWanted }
    const others = this.#waiting.get(client)
    if (others === undefined) this.#waiting.set(client, [waiting])
    else others.push(waiting)
    if (!this.#scheduled) this.#schedule()
    await waiting.turn.promise
  }

  #startInterval(): void {
    this.#intervalStart = performance.now()
    this.#granted = 0
    this.#grantedByClient = new Map()
  }

  #hasTurnFor(client: Client): boolean {
    const { turns, turnsPerClient } = this.#options
    return this.#granted < turns && (this.#grantedByClient.get(client) ?? 0) < turnsPerClient
  }

  #grant(client: Client): void {
    this.#granted += 1
    this.#grantedByClient.set(client, (this.#grantedByClient.get(client) ?? 0) + 1)
  }

  #distribute(): void {
    this.#startInterval()
    for (let round = 0; round < this.#options.turnsPerClient; round += 1) {
      for (const [client, waiting] of [...this.#waiting]) {
        if (this.#granted >= this.#options.turns) break
        this.#serve(client, waiting)
      }
    }
    this.#scheduled = false
    if (this.#waiting.size > 0) this.#schedule()
  }

  #schedule(): void {
    this.#scheduled = true
    setTimeout(() => this.#distribute(), this.#options.intervalMs)
  }

  #serve(client: Client, waiting: Waiting[]): void {
    // Move the client to the end of the rotation.
    this.#waiting.delete(client)
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      next.turn.resolve()
      if (!next.isWanted()) continue
      this.#grant(client)
      break
    }
    if (waiting.length > 0) this.#waiting.set(client, waiting)
  }
}
