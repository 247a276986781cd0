/**
 * A Redis stream that is read in order, by one reader at a time. A position in Postgres records how far it has been answered. The
 * consumer group `onhand` shows that position in Redis. It follows with a delay, so that after a crash the last entries are read
 * again and none is missing from the dead letters.
 *
 *     begin ─▶ read ─▶ (answer each) ─▶ mark ─▶ read …
 *
 * Answered entries are trimmed, except for the last ones: if the database loses its last commits, the entries that they answered
 * are still there and are taken again.
 */
import { ENTRY_ORIGIN, before, earliest, isAfter, parseEntryId } from '../command/entry-id.ts'
import type { EntryId } from '../command/entry-id.ts'
import { settled } from '../lib/redis.ts'
import type { RedisClient, RedisLink } from '../lib/redis.ts'
import type { Lease } from './lease.ts'

export interface Entry {
  readonly id: EntryId
  /** Names and values, alternating. */
  readonly fields: readonly string[]
}

/** The stream ends before the position up to which it was answered. */
export class StreamLost extends Error {
  override readonly name = 'StreamLost'
}

const GROUP = 'onhand'
const MAX_ENTRIES = 100
const BLOCK_MS = 1000
/** Number of answered entries that are kept. */
const KEPT_ENTRIES = 10_000
/** Number of answered entries between two trims. */
const TRIM_ENTRIES = 1000

/** Only the holder of the lease may mark. The script can use both keys, because the lease is in the stream's slot of a cluster. */
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
  /** Has its own connection, because a blocking read occupies it. */
  #reader: RedisClient | null = null
  #untrimmed = TRIM_ENTRIES

  constructor(redis: RedisLink, stream: string, lease: Lease, onError: (error: unknown) => void) {
    this.#redis = redis
    this.#stream = stream
    this.#lease = lease
    this.#onError = onError
  }

  /**
   * @param answered the position in Postgres; null if there is none
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
          `Stream ${this.#stream} ends at ${last}, but was answered up to ${start}: Redis has lost entries. New entries get ids after ${start}. Entries that were added in between are not applied.`,
        ),
      )
    }
    return start
  }

  /** Waits up to a second for the next entries. */
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
    // Ids are ordered by time. If Redis was emptied and its clock was set back, new entries would sort before the position.
    if (entries.length === 0 && isAfter(after, await this.#lastId()))
      throw new StreamLost(`Stream ${this.#stream} ends before ${after}, which was answered.`)
    return entries.map(([id, fields]) => ({ id: parseEntryId(id), fields }))
  }

  /** Marks all entries up to this one as answered, the last `count` of them since the last call. */
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

  /** Reads the position of the group. A missing group is created at `beginning`. */
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
    // Earlier releases divided the entries among the group's consumers. Entries that those did not acknowledge are read again.
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

/** Redis answers with alternating names and values. */
function fieldsOf(answer: readonly unknown[]): Map<unknown, unknown> {
  const fields = new Map<unknown, unknown>()
  for (let at = 0; at + 1 < answer.length; at += 2) fields.set(answer[at], answer[at + 1])
  return fields
}
