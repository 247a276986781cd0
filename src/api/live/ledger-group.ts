import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LedgerCursor, LedgerFeed } from '../../live/ledger-feed.ts'
import { formatToken } from '../../log/token.ts'
import type { MovementRow } from '../../projection/movements.ts'
import type { Frame } from './frame.ts'
import type { Member } from './member.ts'
import type { Render } from './render.ts'
import type { LedgerSource } from './source.ts'
import type { LiveStats } from '../../live/stats.ts'

export interface LedgerGroupOptions {
  readonly name: string
  readonly key: string
  readonly source: LedgerSource
  readonly render: Render
  readonly stats: LiveStats
  readonly ledger: LedgerFeed
}

interface Recent {
  readonly row: MovementRow
  /** The ledger as of this movement. */
  readonly cursor: LedgerCursor
  /** Null until somebody wants it. */
  frame: Frame | null
}

/** Movements that are kept for those who come back soon. */
const MAX_RECENT = 500

/**
 * Members that follow the same movements. One that resumes is first given what it has missed, on its own and at its own pace:
 * from memory where it was away for a moment, else from the ledger. It joins the others within the turn in which it has
 * all that they have.
 */
export class LedgerGroup {
  readonly name: string
  readonly key: string
  closed = false
  readonly #options: LedgerGroupOptions
  readonly #stopFollowing: () => void
  /** With what each knows already, where that is ahead of the feed: it comes from a process that was. */
  readonly #members = new Map<Member, LedgerCursor | null>()
  readonly #resuming = new Set<Member>()
  readonly #recent: Recent[] = []
  /** All movements after this are among the recent ones. */
  #recentAfter: LedgerCursor

  constructor(options: LedgerGroupOptions) {
    const { ledger, source } = options
    this.name = options.name
    this.key = options.key
    this.#options = options
    this.#recentAfter = ledger.cursor(source.partitions)
    this.#stopFollowing = ledger.follow(source.sku, (row) => this.#take(row))
  }

  get members(): number {
    return this.#members.size + this.#resuming.size
  }

  /**
   * @param after begin after this, in the partitions that it names; null: begin now
   */
  join(member: Member, after: LedgerCursor | null): void {
    if (after === null) this.#members.set(member, null)
    else this.#resume(member, after).catch((error: unknown) => member.fail(error))
  }

  leave(member: Member): void {
    this.#resuming.delete(member)
    this.#members.delete(member)
  }

  close(): void {
    this.closed = true
    this.#stopFollowing()
  }

  #take(row: MovementRow): void {
    const recent = { row, cursor: this.#cursorAt(row), frame: null }
    this.#remember(recent)
    if (this.#members.size === 0) return
    const frame = this.#frameOf(recent)
    for (const [member, known] of this.#members) if (isAfter(row, known)) member.next(frame)
    this.#options.stats.delivered(this.#members, row.recordedAt.getTime())
  }

  #remember(recent: Recent): void {
    this.#recent.push(recent)
    if (this.#recent.length <= MAX_RECENT) return
    this.#recentAfter = (this.#recent.shift() as Recent).cursor
  }

  async #resume(member: Member, after: LedgerCursor): Promise<void> {
    const { ledger, source, stats } = this.#options
    this.#resuming.add(member)
    let cursor: LedgerCursor = new Map([...ledger.cursor(source.partitions), ...onlyOf(source, after)])
    while (this.#resuming.has(member)) {
      if (isWithin(cursor, this.#recentAfter)) {
        for (const recent of this.#recent) if (isAfter(recent.row, cursor)) member.next(this.#frameOf(recent))
        // Sending can cut the member off, which then has left.
        if (!this.#resuming.has(member)) return
        this.#members.set(member, ledger.isBehind(cursor) ? cursor : null)
        this.#resuming.delete(member)
        return
      }
      const page = await ledger.read(source.sku, cursor)
      for (const row of page.movements) {
        if (member.congested) await member.drained()
        if (!this.#resuming.has(member)) return
        cursor = new Map([...cursor, [row.partition, row.position]])
        member.next(this.#render(row, cursor))
        stats.replayed += 1
      }
      cursor = page.cursor
      await nextTurn()
    }
  }

  #frameOf(recent: Recent): Frame {
    recent.frame ??= this.#render(recent.row, recent.cursor)
    return recent.frame
  }

  #render(row: MovementRow, cursor: LedgerCursor): Frame {
    return this.#options.render(row, { key: null, cursor: formatToken(cursor) })
  }

  #cursorAt({ partition, position }: MovementRow): LedgerCursor {
    const { ledger, source } = this.#options
    return new Map([...ledger.cursor(source.partitions), [partition, position]])
  }
}

const isAfter = ({ partition, position }: MovementRow, cursor: LedgerCursor | null): boolean =>
  cursor === null || position > (cursor.get(partition) ?? -1n)

/** Of each partition, the cursor knows no less than the other. */
const isWithin = (cursor: LedgerCursor, start: LedgerCursor): boolean =>
  [...start].every(([partition, position]) => (cursor.get(partition) ?? -1n) >= position)

function onlyOf({ partitions }: LedgerSource, after: LedgerCursor): LedgerCursor {
  return new Map([...after].filter(([partition]) => partitions.includes(partition)))
}
