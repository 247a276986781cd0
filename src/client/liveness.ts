/** Whether what is shown is true now. */
export interface ConnectionStatus {
  /**
   * `live`: connected. `reconnecting`: not connected, or not yet; attempts go on by themselves. `stale`:
   * nothing has been heard from the server for `staleAfterMs`, so what is shown may be long out of date;
   * attempts go on all the same. `restarted`: the server's log was replaced, for example restored from a backup, so
   * that what was shown may never have been: drop it, for the present state follows, and of movements those that come next.
   * The connection's state is told right after it.
   */
  readonly state: 'live' | 'reconnecting' | 'stale' | 'restarted'
  /** Of `live` and `restarted`, when that began; else when the server was last heard. */
  readonly since: Date
}

type Listener = (status: ConnectionStatus) => void

/**
 * Keeps a connection's status while somebody wants to know it. Time is the wall clock's, so that a device's
 * sleep counts.
 */
export class Liveness {
  status: ConnectionStatus = { state: 'reconnecting', since: new Date() }
  readonly #staleAfterMs: number
  readonly #onSilence: () => void
  readonly #listeners = new Set<Listener>()
  #heardAt = Date.now()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param onSilence called each time when nothing has been heard for so long */
  constructor(staleAfterMs: number, onSilence: () => void) {
    this.#staleAfterMs = staleAfterMs
    this.#onSilence = onSilence
  }

  /** @returns a function that ends it */
  follow(listener: Listener): () => void {
    if (this.#listeners.size === 0) this.#begin()
    this.#listeners.add(listener)
    listener(this.status)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) clearTimeout(this.#timer)
    }
  }

  heard(): void {
    this.#heardAt = Date.now()
  }

  connected(): void {
    this.heard()
    this.#become('live', Date.now())
  }

  lost(): void {
    if (this.status.state === 'live') this.#become('reconnecting', this.#heardAt)
  }

  /** Nothing was shown before, so nothing is stale yet. */
  #begin(): void {
    if (this.status.state !== 'live') this.status = { state: 'reconnecting', since: new Date() }
    this.heard()
    this.#timer = setTimeout(() => this.#check(), this.#staleAfterMs)
  }

  #check(): void {
    const silentMs = Date.now() - this.#heardAt
    const silent = silentMs >= this.#staleAfterMs
    this.#timer = setTimeout(() => this.#check(), this.#staleAfterMs - (silent ? 0 : silentMs))
    if (!silent) return
    if (this.status.state !== 'stale') this.#become('stale', this.#heardAt)
    this.#onSilence()
  }

  #become(state: ConnectionStatus['state'], since: number): void {
    this.status = { state, since: new Date(since) }
    for (const listener of this.#listeners) listener(this.status)
  }
}
