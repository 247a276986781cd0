/** How often a client is asked to confirm a result, to measure the time until results arrive. */
const PROBE_INTERVAL_MS = 250

/** A client that gets results. */
export interface Recipient {
  /** Measures, if possible, when the client receives the last result. @param recordedAt milliseconds since the epoch */
  confirm(recordedAt: number): void
}

/** Receives the time from the recording of an event until its result is sent or confirmed, in milliseconds. */
export interface LiveLatency {
  /** The result was written to all sockets. */
  readonly sent: (ms: number) => void
  /** A client has confirmed the result. */
  readonly confirmed: (ms: number) => void
}

/** Counters of live delivery. They are plain numbers, because they are on the hottest path. */
export class LiveStats {
  /** Executions that made a result. */
  executions = 0
  /** Results that were sent or queued. */
  deliveries = 0
  /** Results that a newer one replaced before they were sent. */
  conflated = 0
  /** Current states delivered from memory to new subscribers. */
  cachedSnapshots = 0
  /** Movements read for clients that resume. */
  replayed = 0
  /** Closed WebSocket connections, by the code of the side that closed first. */
  readonly closed = new Map<number, number>()
  readonly latency: LiveLatency
  #probedAt = -Infinity

  constructor(latency: LiveLatency) {
    this.latency = latency
  }

  /** @param recordedAt the time of the event, in milliseconds since the epoch; null if there is none, or if it is old */
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
