/** Whether what is shown is up to date. */
export interface ConnectionStatus {
  /**
   * `live`: connected. `reconnecting`: not connected; the client keeps trying. `stale`: the server has been silent for
   * `staleAfterMs`, so what is shown may be out of date; the client keeps trying. `restarted`: the server's log was replaced, for
   * example restored from a backup, so what is shown may no longer exist: discard it. The present state follows, or the next
   * movements, and right after `restarted` the state of the connection.
   */
  readonly state: 'live' | 'reconnecting' | 'stale' | 'restarted'
  /** For `live` and `restarted`, when that state began; else when the server last sent something. */
  readonly since: Date
}

type Listener = (status: ConnectionStatus) => void

/**
 * Maintains the status of a connection while it has listeners. It uses the wall clock, so that the sleep of a device counts.
 */
export class Liveness {
  status: ConnectionStatus = { state: 'reconnecting', since: new Date() }
  readonly #staleAfterMs: number
  readonly #onSilence: () => void
  readonly #listeners = new Set<Listener>()
  #heardAt = Date.now()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param onSilence called each time the server has been silent for `staleAfterMs` */
  constructor(staleAfterMs: number, onSilence: () => void) {
    this.#staleAfterMs = staleAfterMs
    this.#onSilence = onSilence
  }

  /** @returns a function that removes the listener */
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

  /** Nothing is shown yet, so the status starts without `stale`. */
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
