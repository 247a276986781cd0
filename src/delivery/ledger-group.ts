import type { Follower } from '../live/followers.ts'
import type { LedgerCursor, LedgerFeed } from '../live/ledger-feed.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { LogReplaced } from '../log/replaced.ts'
import { formatToken } from '../log/token.ts'
import type { Epoch } from '../log/token.ts'
import type { MovementRow } from '../projection/movements.ts'
import type { LiveStats } from '../live/stats.ts'
import type { Holding } from '../admission/client-memory.ts'
import type { Frame } from './frame.ts'
import type { Member } from './member.ts'
import type { Render } from './render.ts'
import type { ReplayPage, ReplayPages } from './replay-pages.ts'
import type { ReplayTurns } from './replay-turns.ts'
import type { LedgerSource } from '../graphql/subscriptions/source.ts'

/** What all groups share to serve members that resume. */
export interface Replays {
  readonly turns: ReplayTurns
  readonly pages: ReplayPages
}

export interface LedgerGroupOptions {
  readonly name: string
  readonly key: string
  readonly source: LedgerSource
  readonly render: Render
  readonly stats: LiveStats
  readonly ledger: LedgerFeed
  readonly replays: Replays
  /** Memory for recent movements. */
  readonly held: Holding
  /** Called when the group ends: a movement could not be rendered, or the log was replaced. */
  readonly onEnd: () => void
  /** Called when the group releases all its memory. */
  readonly onClose: () => void
}

interface Recent {
  readonly row: MovementRow
  /** The ledger's cursor after this movement. */
  readonly cursor: LedgerCursor
  /** Whether it is still in the list of recent movements. */
  isKept: boolean
  /** Null until a member needs it. */
  frame: Frame | null
}

/** Movements kept in memory for members that resume soon. */
const MAX_RECENT = 500
/** Estimated memory per recent movement beside the text of its result. */
const RECENT_BYTES = 1000

/** Source of short ids for groups, whose keys are long. */
let groupCount = 0

/**
 * Members that follow the same movements. A member that resumes first receives what it has missed, at its own pace: from memory if it
 * was away briefly, otherwise from the ledger, page by page as it gets turns. While it waits for a turn or for its client to read, the
 * group keeps only its cursor. It joins the other members in the same turn of the event loop in which it has caught up with them. If the
 * feed skips movements, all members resume.
 */
export class LedgerGroup implements Follower {
  readonly name: string
  readonly key: string
  closed = false
  readonly #id = ++groupCount
  readonly #options: LedgerGroupOptions
  readonly #stopFollowing: () => void
  readonly #epoch: Epoch
  /** Each member's cursor if it is ahead of the feed, because another process was; otherwise null. */
  readonly #members = new Map<Member, LedgerCursor | null>()
  readonly #resuming = new Set<Member>()
  readonly #recent: Recent[] = []
  /** The recent movements are complete after this cursor. */
  #recentAfter: LedgerCursor

  constructor(options: LedgerGroupOptions) {
    const { ledger, source } = options
    this.name = options.name
    this.key = options.key
    this.#options = options
    this.#epoch = ledger.epoch
    this.#recentAfter = ledger.cursor(source.partitions)
    this.#stopFollowing = ledger.follow(source.sku, this)
  }

  get members(): number {
    return this.#members.size + this.#resuming.size
  }

  /** @param after begin after this, in the partitions that it names; null: begin now */
  join(member: Member, after: LedgerCursor | null): void {
    if (after === null) this.#members.set(member, null)
    else this.#resume(member, after)
  }

  leave(member: Member): void {
    this.#resuming.delete(member)
    this.#members.delete(member)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.#stopFollowing()
    this.#options.onClose()
  }

  take(row: MovementRow): void {
    try {
      this.#deliver(row)
    } catch (error) {
      this.#fail(error)
    }
  }

  skip(partition: Partition, to: LogPosition): void {
    const { ledger, source } = this.#options
    const from = ledger.cursor(source.partitions)
    const members = [...this.#members]
    this.#members.clear()
    while (this.#recent.length > 0) this.#evictOldest()
    this.#recentAfter = new Map([...from, [partition, to]])
    for (const [member, cursor] of members) this.#resume(member, cursor === null ? from : later(from, cursor))
  }

  end(replaced: LogReplaced): void {
    this.#fail(replaced)
  }

  #deliver(row: MovementRow): void {
    const recent: Recent = { row, cursor: this.#cursorAt(row), isKept: false, frame: null }
    this.#remember(recent)
    if (this.#members.size === 0) return
    const frame = this.#frameOf(recent)
    for (const [member, cursor] of this.#members) if (isAfter(row, cursor)) member.next(frame)
    this.#options.stats.delivered(this.#members, row.recordedAt.getTime())
  }

  #fail(error: unknown): void {
    const members = [...this.#members.keys(), ...this.#resuming]
    this.close()
    this.#options.onEnd()
    for (const member of members) member.fail(error)
  }

  #remember(recent: Recent): void {
    const { held } = this.#options
    if (this.#recent.length === MAX_RECENT) this.#evictOldest()
    while (!held.take(RECENT_BYTES)) {
      if (this.#recent.length === 0) {
        // There is no memory for even one movement, so members that resume read it from the ledger.
        this.#recentAfter = recent.cursor
        return
      }
      this.#evictOldest()
    }
    recent.isKept = true
    this.#recent.push(recent)
  }

  #evictOldest(): void {
    const oldest = this.#recent.shift() as Recent
    oldest.isKept = false
    this.#options.held.give(RECENT_BYTES + (oldest.frame?.payload.length ?? 0))
    this.#recentAfter = oldest.cursor
  }

  #resume(member: Member, after: LedgerCursor): void {
    const { ledger, source } = this.#options
    const start = new Map([...ledger.cursor(source.partitions), ...onlyOf(source, after)])
    this.#resuming.add(member)
    this.#replay(member, start).catch((error: unknown) => member.fail(error))
  }

  async #replay(member: Member, start: LedgerCursor): Promise<void> {
    const { stats } = this.#options
    const { turns } = this.#options.replays
    const isResuming = () => this.#resuming.has(member)
    let cursor = start
    /** How many frames of the page at the cursor the member has received. */
    let sent = 0
    while (isResuming()) {
      if (member.congested) {
        await member.drained()
        continue
      }
      if (sent === 0 && isWithin(cursor, this.#recentAfter)) {
        cursor = this.#replayRecent(member, cursor)
        continue
      }
      await turns.take(member.client, isResuming)
      const page = await this.#page(cursor)
      for (; sent < page.frames.length && isResuming() && !member.congested; sent += 1) {
        member.next(page.frames[sent] as Frame)
        stats.replayed += 1
      }
      if (sent < page.frames.length) continue
      cursor = page.end
      sent = 0
    }
  }

  /**
   * Sends recent movements from memory. A member that has caught up joins the others.
   *
   * @returns the member's cursor
   */
  #replayRecent(member: Member, cursor: LedgerCursor): LedgerCursor {
    for (const recent of this.#recent) {
      if (!isAfter(recent.row, cursor)) continue
      if (member.congested || !this.#resuming.has(member)) return cursor
      member.next(this.#frameOf(recent))
      cursor = new Map([...cursor, [recent.row.partition, recent.row.position]])
    }
    // Sending can disconnect the member, which has then left.
    if (this.#resuming.delete(member))
      this.#members.set(member, this.#options.ledger.isBehind(cursor) ? cursor : null)
    return cursor
  }

  #page(start: LedgerCursor): Promise<ReplayPage> {
    const { ledger, source, replays } = this.#options
    return replays.pages.get(
      `${this.#id} ${formatToken({ epoch: this.#epoch, positions: start })}`,
      async () => {
        const { movements, cursor: end } = await ledger.read(source.sku, start)
        let cursor = start
        const frames = movements.map((row) => {
          cursor = new Map([...cursor, [row.partition, row.position]])
          return this.#render(row, cursor)
        })
        return { frames, end }
      },
    )
  }

  #frameOf(recent: Recent): Frame {
    if (recent.frame !== null) return recent.frame
    const frame = this.#render(recent.row, recent.cursor)
    if (recent.isKept && this.#options.held.take(frame.payload.length)) recent.frame = frame
    return frame
  }

  #render(row: MovementRow, cursor: LedgerCursor): Frame {
    return this.#options.render(row, {
      key: null,
      cursor: formatToken({ epoch: this.#epoch, positions: cursor }),
    })
  }

  #cursorAt({ partition, position }: MovementRow): LedgerCursor {
    const { ledger, source } = this.#options
    return new Map([...ledger.cursor(source.partitions), [partition, position]])
  }
}

const isAfter = ({ partition, position }: MovementRow, cursor: LedgerCursor | null): boolean =>
  cursor === null || position > (cursor.get(partition) ?? -1n)

/** In each partition, the cursor is at or after the start. */
const isWithin = (cursor: LedgerCursor, start: LedgerCursor): boolean =>
  [...start].every(([partition, position]) => (cursor.get(partition) ?? -1n) >= position)

const later = (one: LedgerCursor, other: LedgerCursor): LedgerCursor =>
  new Map([...one].map(([partition, position]) => [partition, max(position, other.get(partition))]))

const max = (one: LogPosition, other: LogPosition | undefined): LogPosition =>
  other !== undefined && other > one ? other : one

function onlyOf({ partitions }: LedgerSource, after: LedgerCursor): LedgerCursor {
  return new Map([...after].filter(([partition]) => partitions.includes(partition)))
}
