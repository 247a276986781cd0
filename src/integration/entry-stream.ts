/**
 * A Redis stream that is read in order, by one reader at a time. The truth about how far it has been answered is a position
 * in Postgres. The group `onhand` shows it to whoever looks at the stream, a moment late, so that after a crash the last
 * entries come again and those that belong among the dead letters get there.
 *
 *     begin ─▶ read ─▶ (answer each) ─▶ mark ─▶ read …
 *
 * Entries that are answered are trimmed, but for the last ones: if the database loses its last commits, the entries that they
 * answered are still there, and are taken again.
 */
import { ENTRY_ORIGIN, before, earliest, isAfter, parseEntryId } from '../command/entry-id.ts'
import type { EntryId } from '../command/entry-id.ts'
import { settled } from '../lib/redis.ts'
import type { RedisClient, RedisLink } from '../lib/redis.ts'
import type { Lease } from './lease.ts'

export interface Entry {
  readonly id: EntryId
  /** Names and values in turn. */
  readonly fields: readonly string[]
}

/** The stream ends before the position up to which it was answered. */
export class StreamLost extends Error {
  override readonly name = 'StreamLost'
}

const GROUP = 'onhand'
const MAX_ENTRIES = 100
const BLOCK_MS = 1000
/** So many answered entries are kept. */
const KEPT_ENTRIES = 10_000
/** After so many answered entries, older ones are trimmed. */
const TRIM_ENTRIES = 1000

/** Only the holder of the lease marks. The key of the lease is in the same slot of a cluster as the stream. */
const MARK = `
  local lease, stream, holder, group, id, kept = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
  if redis.call('GET', lease) ~= holder then return 0 end
  redis.call('XGROUP', 'SETID', stream, group, id)
  if kept > 0 then
    local answered = redis.call('XREVRANGE', stream, id, '-', 'COUNT', kept)
    if #answered == kept then redis.call('XTRIM', stream, 'MINID', '~', answered[kept][1]) end
  end
  return 1`

export class EntryStream {
  readonly #redis: RedisLink
  readonly #stream: string
  readonly #lease: Lease
  readonly #onError: (error: unknown) => void
  /** A connection of its own: reading blocks it. */
  #reader: RedisClient | null = null
  #untrimmed = TRIM_ENTRIES

  constructor(redis: RedisLink, stream: string, lease: Lease, onError: (error: unknown) => void) {
    this.#redis = redis
    this.#stream = stream
    this.#lease = lease
    this.#onError = onError
  }

  /**
   * @param answered what Postgres says
   * @returns the entry after which to begin
   */
  async begin(answered: EntryId | null): Promise<EntryId> {
    const marked = await this.#marked(answered ?? ENTRY_ORIGIN)
    const start = answered === null ? marked : earliest(marked, answered)
    const last = await this.#lastId()
    if (isAfter(start, last)) {
      await this.#continueAfter(start)
      this.#onError(
        new StreamLost(
          `Stream ${this.#stream} ends at ${last}, but was answered up to ${start}: Redis has lost entries. New entries get ids after ${start}. Those that came in between are not applied.`,
        ),
      )
    }
    return start
  }

  /** The next entries; none if none came for a second. */
  async read(after: EntryId): Promise<Entry[]> {
    if (this.#reader === null) {
      this.#reader = this.#redis.connect()
      await settled(this.#reader)
    }
    const found = await this.#reader.xread(
      'COUNT',
      MAX_ENTRIES,
      'BLOCK',
      BLOCK_MS,
      'STREAMS',
      this.#stream,
      after,
    )
    const entries = found?.[0]?.[1] ?? []
    // Redis orders ids by time. If it was emptied, and its clock was set back, new entries would come before the position.
    if (entries.length === 0 && isAfter(after, await this.#lastId()))
      throw new StreamLost(`Stream ${this.#stream} ends before ${after}, which was answered.`)
    return entries.map(([id, fields]) => ({ id: parseEntryId(id), fields }))
  }

  /** All entries up to this one have been answered, the last `count` of them since the last call. */
  async mark(id: EntryId, count: number): Promise<void> {
    this.#untrimmed += count
    const trim = this.#untrimmed >= TRIM_ENTRIES
    const { key, holder } = this.#lease
    await this.#redis.client().eval(MARK, 2, key, this.#stream, holder, GROUP, id, trim ? KEPT_ENTRIES : 0)
    if (trim) this.#untrimmed = 0
  }

  close(): void {
    this.#reader?.disconnect()
  }

  /**
   * Where the group is; if it is new, at its beginning.
   */
  async #marked(beginning: EntryId): Promise<EntryId> {
    const client = this.#redis.client()
    try {
      await client.xgroup('CREATE', this.#stream, GROUP, beginning, 'MKSTREAM')
      return beginning
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error
    }
    const groups = (await client.xinfo('GROUPS', this.#stream)) as unknown[][]
    const group = groups.map(fieldsOf).find((fields) => fields.get('name') === GROUP)
    const delivered = parseEntryId(String(group?.get('last-delivered-id')))
    // Earlier releases shared the entries among the group's consumers. What those did not acknowledge comes again.
    const [pending] = (await client.xpending(this.#stream, GROUP, '-', '+', 1)) as [string][]
    if (pending === undefined) return delivered
    const marked = earliest(delivered, before(parseEntryId(pending[0])))
    await client
      .multi()
      .xgroup('DESTROY', this.#stream, GROUP)
      .xgroup('CREATE', this.#stream, GROUP, marked)
      .exec()
    return marked
  }

  async #lastId(): Promise<EntryId> {
    const info = fieldsOf((await this.#redis.client().xinfo('STREAM', this.#stream)) as unknown[])
    return parseEntryId(String(info.get('last-generated-id')))
  }

  async #continueAfter(id: EntryId): Promise<void> {
    await this.#redis.client().xsetid(this.#stream, id)
  }
}

/** Redis answers with names and values in turn. */
function fieldsOf(answer: readonly unknown[]): Map<unknown, unknown> {
  const fields = new Map<unknown, unknown>()
  for (let at = 0; at + 1 < answer.length; at += 2) fields.set(answer[at], answer[at + 1])
  return fields
}
