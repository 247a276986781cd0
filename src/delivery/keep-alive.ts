/**
 * Pings all peers, a few at a time, from one timer; cuts off a peer that leaves two pings in a row unanswered: it may be gone without
 * a word, and would hold memory for ever.
 */
export interface Peer {
  /** Pings that it has not answered yet. */
  unanswered: number
  ping(): void
  terminate(): void
  /** Pinging failed, by a mistake of ours. */
  break(error: unknown): void
}

const MAX_UNANSWERED = 2
/** Each turn of the wheel looks at one of its slots. */
const SLOTS = 20

export class KeepAlive {
  readonly #slots = Array.from({ length: SLOTS }, () => new Set<Peer>())
  readonly #timer: NodeJS.Timeout
  #next = 0

  /** @param intervalMs between two pings of a peer */
  constructor(intervalMs: number) {
    this.#timer = setInterval(() => this.#turn(), intervalMs / SLOTS)
    this.#timer.unref()
  }

  /** @returns a function that ends it */
  add(peer: Peer): () => void {
    const slot = this.#slots[Math.floor(Math.random() * SLOTS)] as Set<Peer>
    slot.add(peer)
    return () => slot.delete(peer)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #turn(): void {
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
