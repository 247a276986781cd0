/**
 * Sends live results over one connection. While the client reads, frames go straight to its socket. While it does not, the outbox keeps
 * them: the latest of each state, and a bounded number of movements, after which the client is disconnected, because it can resume. So a
 * slow client affects only itself, and its backlog is bounded. The frames that are kept are shared with all other members.
 */
import { deferred } from '../lib/deferred.ts'
import type { Deferred } from '../lib/deferred.ts'
import type { Client } from '../admission/client-shares.ts'
import type { Backlogs } from './backlogs.ts'
import type { Frame } from './frame.ts'
import type { LiveStats } from '../live/stats.ts'

/** A socket or HTTP response. `writableNeedDrain` means that its buffer is full. */
export interface Sink {
  readonly writableNeedDrain: boolean
  /** Bytes in the buffer. */
  readonly writableLength: number
  write(text: string, encoding: 'latin1'): boolean
  /** Whether `close` has been emitted. */
  readonly closed: boolean
  once(event: 'drain' | 'close', listener: () => void): unknown
}

/** The connection that the outbox belongs to. */
export interface OutboxOwner {
  readonly client: Client
  /** Whether results may be sent: neither side has begun to close. */
  readonly isOpen: boolean
  /** Disconnects the client, which is too slow. */
  cutOff(): void
  /** Ends the connection after an internal error. */
  break(error: unknown): void
}

/** A live operation of the connection. */
export interface OutboxOperation {
  readonly id: string
  /** The bytes to send for a frame, one per character. */
  encode(frame: Frame): string
}

interface Kept {
  readonly operation: OutboxOperation
  readonly frame: Frame
}

/** Movements that are kept for a connection at most. */
const MAX_KEPT_MOVEMENTS = 1000

/** State that a connection has only while its client is behind. */
class Backlog {
  readonly kept = new Map<string, Kept>()
  /** When the client last read something. */
  since = performance.now()
  movements = 0
  next = 0
  /** Bytes of the sink's buffer that are counted as memory. */
  buffered = 0
  drained: Deferred<void> | null = null
}

export class Outbox {
  readonly #sink: Sink
  readonly #stats: LiveStats
  readonly #memory: Backlogs
  readonly #owner: OutboxOwner
  #backlog: Backlog | null = null
  #closed = false

  constructor(sink: Sink, stats: LiveStats, memory: Backlogs, owner: OutboxOwner) {
    this.#sink = sink
    this.#stats = stats
    this.#memory = memory
    this.#owner = owner
  }

  /** How long the client has read nothing while it is behind, in milliseconds. */
  get stuckForMs(): number {
    return this.#backlog === null ? 0 : performance.now() - this.#backlog.since
  }

  get congested(): boolean {
    return this.#backlog !== null
  }

  /** Resolves when nothing is kept any more, or the connection is closed. */
  async drained(): Promise<void> {
    if (this.#backlog === null) return
    this.#backlog.drained ??= deferred()
    await this.#backlog.drained.promise
  }

  /** Never throws, because the caller sends to other members as well. */
  send(operation: OutboxOperation, frame: Frame): void {
    if (this.#closed || !this.#owner.isOpen) return
    try {
      if (this.#backlog === null && !this.#sink.writableNeedDrain) {
        if (!this.#sink.write(operation.encode(frame), 'latin1')) this.#fallBehind()
        return
      }
      this.#keep(this.#backlog ?? this.#fallBehind(), operation, frame)
    } catch (error) {
      this.#owner.break(error)
    }
  }

  /** Counts unread messages that were sent over the connection without the outbox. */
  noteAnswered(): void {
    if (this.#closed || !this.#sink.writableNeedDrain) return
    if (this.#backlog === null) this.#fallBehind()
    else this.#countBuffered(this.#backlog)
  }

  /** Drops what is kept for an operation that has ended. */
  discard(id: string): void {
    if (this.#backlog === null) return
    for (const [slot, { operation }] of this.#backlog.kept)
      if (operation.id === id) this.#drop(this.#backlog, slot)
  }

  /** Ends sending and drops everything that is kept. */
  close(): void {
    this.#closed = true
    const backlog = this.#backlog
    if (backlog === null) return
    for (const slot of backlog.kept.keys()) this.#drop(backlog, slot)
    // The sink's buffer stays in memory until the sink is closed.
    const unbuffer = () => this.#memory.unbuffer(backlog.buffered, this.#owner.client)
    if (this.#sink.closed) unbuffer()
    else this.#sink.once('close', unbuffer)
    backlog.drained?.resolve()
    this.#backlog = null
  }

  #fallBehind(): Backlog {
    const backlog = new Backlog()
    this.#backlog = backlog
    this.#countBuffered(backlog)
    this.#flushWhenDrained()
    return backlog
  }

  #countBuffered(backlog: Backlog): void {
    const { client } = this.#owner
    const more = this.#sink.writableLength - backlog.buffered
    if (more <= 0) this.#memory.unbuffer(-more, client)
    else if (!this.#memory.buffer(more, client)) return this.#giveUp()
    backlog.buffered += more
  }

  /** Disconnects the client, because there is no memory for its backlog. */
  #giveUp(): void {
    this.close()
    this.#owner.cutOff()
  }

  #keep(backlog: Backlog, operation: OutboxOperation, frame: Frame): void {
    if (this.#closed) return
    const slot = slotOf(backlog, operation, frame)
    if (backlog.kept.has(slot)) {
      this.#stats.conflated += 1
      this.#drop(backlog, slot)
    }
    if (backlog.movements >= MAX_KEPT_MOVEMENTS || !this.#memory.keep(frame, this.#owner.client))
      return this.#giveUp()
    backlog.kept.set(slot, { operation, frame })
    if (frame.key === null) backlog.movements += 1
  }

  #drop(backlog: Backlog, slot: string): void {
    const kept = backlog.kept.get(slot)
    if (kept === undefined) return
    backlog.kept.delete(slot)
    this.#memory.drop(kept.frame, this.#owner.client)
    if (kept.frame.key === null) backlog.movements -= 1
  }

  #flushWhenDrained(): void {
    this.#sink.once('drain', () => {
      try {
        this.#flush()
      } catch (error) {
        this.#owner.break(error)
      }
    })
  }

  #flush(): void {
    const backlog = this.#backlog
    if (backlog === null || !this.#owner.isOpen) return
    backlog.since = performance.now()
    for (const [slot, { operation, frame }] of backlog.kept) {
      if (this.#sink.writableNeedDrain) {
        this.#countBuffered(backlog)
        this.#flushWhenDrained()
        return
      }
      this.#drop(backlog, slot)
      this.#sink.write(operation.encode(frame), 'latin1')
    }
    this.#memory.unbuffer(backlog.buffered, this.#owner.client)
    this.#backlog = null
    backlog.drained?.resolve()
  }
}

/** A newer state replaces the one in its slot; each movement has a slot of its own. */
function slotOf(backlog: Backlog, { id }: OutboxOperation, { key }: Frame): string {
  if (key !== null) return `${id.length} ${id} ${key}`
  backlog.next += 1
  // A state's slot contains spaces, so the two cannot collide.
  return String(backlog.next)
}
