/** How often a client is asked to confirm a result, to see how long results take to arrive. */
const PROBE_INTERVAL_MS = 250

/** Who gets results. */
export interface Recipient {
  /** Finds out, if it can, when the client has what it was sent last. @param recordedAt milliseconds since the epoch */
  confirm(recordedAt: number): void
}

/** Told of times between the recording of an event and a moment of its result, in milliseconds. */
export interface LiveLatency {
  /** The result was given to all sockets. */
  readonly sent: (ms: number) => void
  /** A client has confirmed the result. */
  readonly confirmed: (ms: number) => void
}

/** What is counted of live delivery; plain numbers, because they are counted on the hottest path. */
export class LiveStats {
  /** Results made. */
  executions = 0
  /** Results sent, or kept to be sent. */
  deliveries = 0
  /** Results that a newer one stood for before they were sent. */
  conflated = 0
  /** Present states given from memory to those who join. */
  cachedSnapshots = 0
  /** Movements read again for those who resume. */
  replayed = 0
  /** WebSocket connections that were closed, by the code of the side that closed first. */
  readonly closed = new Map<number, number>()
  readonly latency: LiveLatency
  #probedAt = -Infinity

  constructor(latency: LiveLatency) {
    this.latency = latency
  }

  /** @param recordedAt of what was told, in milliseconds since the epoch; null if that is no event, or an old one */
  delivered(
    members: ReadonlySet<Recipient> | ReadonlyMap<Recipient, unknown>,
    recordedAt: number | null,
  ): void {
    this.deliveries += members.size
    if (recordedAt === null) return
    this.latency.sent(Date.now() - recordedAt)
    if (performance.now() - this.#probedAt < PROBE_INTERVAL_MS) return
    this.#probedAt = performance.now()
    const anybody = [...members.keys()][Math.floor(Math.random() * members.size)]
    anybody?.confirm(recordedAt)
  }

  noteClosed(code: number): void {
    this.closed.set(code, (this.closed.get(code) ?? 0) + 1)
  }
}
