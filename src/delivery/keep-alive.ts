/**
 * Pings all peers, a few at a time, from one timer. Disconnects a peer that leaves two pings in a row unanswered: its connection may be
 * lost without notice, and it would hold memory for ever.
 */
export interface Peer {
  /** Number of pings without an answer so far. */
  unanswered: number
  ping(): void
  terminate(): void
  /** Called if `ping` or `terminate` throws. */
  break(error: unknown): void
}

const MAX_UNANSWERED = 2
/** Peers are spread over slots, and each tick of the timer checks one slot. */
const SLOTS = 20

export class KeepAlive {
  readonly #slots = Array.from({ length: SLOTS }, () => new Set<Peer>())
  readonly #timer: NodeJS.Timeout
  #next = 0

  /** @param intervalMs between two pings of a peer */
  constructor(intervalMs: number) {
    this.#timer = setInterval(() => this.#tick(), intervalMs / SLOTS)
    this.#timer.unref()
  }

  /** @returns a function that removes the peer */
  add(peer: Peer): () => void {
    const slot = this.#slots[Math.floor(Math.random() * SLOTS)] as Set<Peer>
    slot.add(peer)
    return () => slot.delete(peer)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const slot = this.#slots[this.#next] as Set<Peer>
    this.#next = (this.#next + 1) % SLOTS
    for (const peer of slot) {
      try {
        check(peer)
      } catch (error) {
        peer.break(error)
      }
    }
  }
}

function check(peer: Peer): void {
  if (peer.unanswered >= MAX_UNANSWERED) return peer.terminate()
  peer.unanswered += 1
  peer.ping()
}
