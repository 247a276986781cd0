/**
 * One connection's way out for live results. While the client takes what it is sent, frames go straight to its socket. While it
 * does not, they are kept here: of each state the latest, of movements a bounded number, and then the client is cut off, for
 * it can resume. So a client's slowness costs itself alone, and bounded memory: what is kept are the frames that all share.
 */
import { deferred } from '../lib/deferred.ts'
import type { Deferred } from '../lib/deferred.ts'
import type { Client } from '../admission/client-shares.ts'
import type { Backlogs } from './backlogs.ts'
import type { Frame } from './frame.ts'
import type { LiveStats } from '../live/stats.ts'

/** A socket or an answer that is being written. `writableNeedDrain` says that it holds as much as it should. */
export interface Exit {
  readonly writableNeedDrain: boolean
  /** Bytes that it has not sent yet. */
  readonly writableLength: number
  write(text: string, encoding: 'latin1'): boolean
  /** Nothing more can be sent, and `close` has been emitted. */
  readonly closed: boolean
  once(event: 'drain' | 'close', listener: () => void): unknown
}

/** Whose way out it is. */
export interface OutboxOwner {
  readonly client: Client
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
  /** What the exit had not sent yet when it was last looked at. */
  buffered = 0
  drained: Deferred<void> | null = null
}

export class Outbox {
  readonly #exit: Exit
  readonly #stats: LiveStats
  readonly #memory: Backlogs
  readonly #owner: OutboxOwner
  #backlog: Backlog | null = null
  #closed = false

  constructor(exit: Exit, stats: LiveStats, memory: Backlogs, owner: OutboxOwner) {
    this.#exit = exit
    this.#stats = stats
    this.#memory = memory
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
        if (!this.#exit.write(operation.encode(frame), 'latin1')) this.#fallBehind()
        return
      }
      this.#keep(this.#backlog ?? this.#fallBehind(), operation, frame)
    } catch (error) {
      this.#owner.break(error)
    }
  }

  /** Counts answers that went over the connection beside the outbox, as far as the client has not read them. */
  noteAnswered(): void {
    if (this.#closed || !this.#exit.writableNeedDrain) return
    if (this.#backlog === null) this.#fallBehind()
    else this.#countBuffered(this.#backlog)
  }

  /** Drops what is kept for an operation that has ended. */
  forget(id: string): void {
    if (this.#backlog === null) return
    for (const [slot, { operation }] of this.#backlog.kept)
      if (operation.id === id) this.#drop(this.#backlog, slot)
  }

  /** The connection is gone: nothing is sent or kept any more. */
  close(): void {
    this.#closed = true
    const backlog = this.#backlog
    if (backlog === null) return
    for (const slot of backlog.kept.keys()) this.#drop(backlog, slot)
    // What the exit holds it goes on holding until it is closed, too.
    const giveBack = () => this.#memory.unbuffer(backlog.buffered, this.#owner.client)
    if (this.#exit.closed) giveBack()
    else this.#exit.once('close', giveBack)
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
    const more = this.#exit.writableLength - backlog.buffered
    if (more <= 0) this.#memory.unbuffer(-more, client)
    else if (!this.#memory.buffer(more, client)) return this.#giveUp()
    backlog.buffered += more
  }

  /** The client is behind, and there is no room for what it would have to get. */
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
    for (const [slot, { operation, frame }] of backlog.kept) {
      if (this.#exit.writableNeedDrain) {
        this.#countBuffered(backlog)
        this.#flushWhenDrained()
        return
      }
      this.#drop(backlog, slot)
      this.#exit.write(operation.encode(frame), 'latin1')
    }
    this.#memory.unbuffer(backlog.buffered, this.#owner.client)
    this.#backlog = null
    backlog.drained?.resolve()
  }
}

/** A newer state takes the place of the one before it; each movement has its own. */
function slotOf(backlog: Backlog, { id }: OutboxOperation, { key }: Frame): string {
  if (key !== null) return `${id.length} ${id} ${key}`
  backlog.next += 1
  // Not to be taken for a state's slot, which has spaces.
  return String(backlog.next)
}
