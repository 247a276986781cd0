/**
 * One connection's way out for live results. While the client takes what it is sent, frames go straight to its socket. While it
 * does not, they are kept here: of each state the latest, of movements a bounded number, and then the client is cut off, for
 * it can resume. So a client's slowness costs itself alone, and bounded memory: what is kept are the frames that all share.
 */
import { deferred } from '../../lib/deferred.ts'
import type { Deferred } from '../../lib/deferred.ts'
import type { Frame } from './frame.ts'
import type { LiveStats } from '../../live/stats.ts'

/** A socket or an answer that is being written. `writableNeedDrain` says that it holds as much as it should. */
export interface Exit {
  readonly writableNeedDrain: boolean
  write(text: string, encoding: 'latin1'): boolean
  once(event: 'drain', listener: () => void): unknown
}

/** Whose way out it is. */
export interface OutboxOwner {
  /** Results may be sent: neither side has begun to close. */
  readonly isOpen: boolean
  /** The client is too slow to get all that it must get, and is to go. */
  cutOff(): void
  /** Sending failed, by a mistake of ours. */
  break(error: unknown): void
}

/** An operation of the connection. */
export interface OutboxOperation {
  readonly id: string
  /** What goes over the connection for a frame; each character a byte. */
  encode(frame: Frame): string
}

interface Kept {
  readonly operation: OutboxOperation
  readonly frame: Frame
}

/** Movements that a connection may be behind. */
const MAX_KEPT_MOVEMENTS = 1000

/** What only a connection that is behind needs to have. */
class Backlog {
  readonly kept = new Map<string, Kept>()
  /** When the client last took something. */
  since = performance.now()
  movements = 0
  next = 0
  drained: Deferred<void> | null = null
}

export class Outbox {
  readonly #exit: Exit
  readonly #stats: LiveStats
  readonly #owner: OutboxOwner
  #backlog: Backlog | null = null
  #closed = false

  constructor(exit: Exit, stats: LiveStats, owner: OutboxOwner) {
    this.#exit = exit
    this.#stats = stats
    this.#owner = owner
  }

  /** How long the client, being behind, has taken nothing at all, in milliseconds. */
  get stuckForMs(): number {
    return this.#backlog === null ? 0 : performance.now() - this.#backlog.since
  }

  get congested(): boolean {
    return this.#backlog !== null
  }

  /** Until nothing is kept any more, or the connection is closed. */
  async drained(): Promise<void> {
    if (this.#backlog === null) return
    this.#backlog.drained ??= deferred()
    await this.#backlog.drained.promise
  }

  /** Never throws: whoever sends to many has others to send to. */
  send(operation: OutboxOperation, frame: Frame): void {
    if (this.#closed || !this.#owner.isOpen) return
    try {
      if (this.#backlog === null && !this.#exit.writableNeedDrain) {
        this.#exit.write(operation.encode(frame), 'latin1')
        return
      }
      this.#backlog ??= this.#fallBehind()
      this.#keep(this.#backlog, operation, frame)
    } catch (error) {
      this.#owner.break(error)
    }
  }

  /** Drops what is kept for an operation that has ended. */
  forget(id: string): void {
    if (this.#backlog === null) return
    for (const [key, { operation, frame }] of this.#backlog.kept) {
      if (operation.id !== id) continue
      this.#backlog.kept.delete(key)
      if (frame.key === null) this.#backlog.movements -= 1
    }
  }

  /** The connection is gone: nothing is sent or kept any more. */
  close(): void {
    this.#closed = true
    this.#backlog?.drained?.resolve()
    this.#backlog = null
  }

  #fallBehind(): Backlog {
    this.#flushWhenDrained()
    return new Backlog()
  }

  #keep(backlog: Backlog, operation: OutboxOperation, frame: Frame): void {
    if (frame.key !== null) {
      const slot = `${operation.id.length} ${operation.id} ${frame.key}`
      if (backlog.kept.has(slot)) this.#stats.conflated += 1
      backlog.kept.set(slot, { operation, frame })
      return
    }
    if (backlog.movements === MAX_KEPT_MOVEMENTS) {
      this.close()
      this.#owner.cutOff()
      return
    }
    backlog.movements += 1
    backlog.next += 1
    // Not to be taken for a state's slot, which has spaces.
    backlog.kept.set(String(backlog.next), { operation, frame })
  }

  #flushWhenDrained(): void {
    this.#exit.once('drain', () => {
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
    for (const [key, { operation, frame }] of backlog.kept) {
      if (this.#exit.writableNeedDrain) {
        this.#flushWhenDrained()
        return
      }
      backlog.kept.delete(key)
      if (frame.key === null) backlog.movements -= 1
      this.#exit.write(operation.encode(frame), 'latin1')
    }
    this.#backlog = null
    backlog.drained?.resolve()
  }
}
