/**
 * The end of the log as this process knows it: where each partition's head is, and the events of the commits
 * made here, so that they need not be read back. A hint about the head may be late or lost; what is kept is
 * never wrong, since positions are gapless and events never change.
 */
import type { RecordedEvent } from '../domain/messages.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from './partition.ts'

const ORIGIN = 0n as LogPosition

export class LogTail {
  readonly #maxEvents: number
  readonly #heads = new Map<Partition, LogPosition>()
  /** The last events of each partition, without gaps. */
  readonly #recent = new Map<Partition, RecordedEvent[]>()
  readonly #listeners = new Set<(partition: Partition) => void>()

  /** @param maxEvents how many events a partition keeps in memory */
  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents
  }

  head(partition: Partition): LogPosition {
    return this.#heads.get(partition) ?? ORIGIN
  }

  /** The log has grown to `head`; `events`, if they are at hand, end there. */
  advance(partition: Partition, head: LogPosition, events: readonly RecordedEvent[] = []): void {
    if (head <= this.head(partition)) return
    this.#heads.set(partition, head)
    if (events.length > 0) this.#keep(partition, events)
    for (const listener of this.#listeners) listener(partition)
  }

  /** The events after a position, if all of them are at hand; null if they must be read. */
  recent(partition: Partition, after: LogPosition, limit: number): readonly RecordedEvent[] | null {
    const kept = this.#recent.get(partition)
    const first = kept?.[0]
    if (kept === undefined || first === undefined || after + 1n < first.position) return null
    const from = Number(after + 1n - first.position)
    return from < kept.length ? kept.slice(from, from + limit) : null
  }

  /** @returns a function that ends it */
  onAdvance(listener: (partition: Partition) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #keep(partition: Partition, events: readonly RecordedEvent[]): void {
    const kept = this.#recent.get(partition)
    const last = kept?.at(-1)
    if (kept === undefined || last === undefined || last.position + 1n !== events[0]?.position) {
      this.#recent.set(partition, events.slice(-this.#maxEvents))
      return
    }
    for (const event of events) kept.push(event)
    // Cut rarely, so that each event is moved once at most.
    if (kept.length > 2 * this.#maxEvents) kept.splice(0, kept.length - this.#maxEvents)
  }
}
