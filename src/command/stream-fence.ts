/**
 * How far the streams of other systems have been answered, kept beside the log. A position moves in the transaction of the
 * command that an entry became, so an entry is applied once and never after a newer one, whoever sends it and however late:
 * also after its receipt has expired, and by a process that was stopped in the meantime.
 *
 * Positions are rows of the partitions in which the commands were decided. The greatest of them counts, because entries are
 * answered in order, whichever partition they belong to.
 */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Database } from '../lib/postgres.ts'
import { allPartitions } from '../log/partition.ts'
import type { Partition } from '../log/partition.ts'
import { ENTRY_ORIGIN, isAfter, latest, parseEntryId } from './entry-id.ts'
import type { EntryId } from './entry-id.ts'
import { AnsweredBefore, StreamRewound } from './faults.ts'
import type { CommandRequest, StreamEntry } from './request.ts'
import { streamPositions } from './tables.ts'

export interface StreamPositions {
  /** The last entry of a stream that was answered; null if none ever was. */
  readonly read: (stream: string) => Promise<EntryId | null>
  /** An entry was answered in a partition. A position never goes back. */
  readonly move: (partition: Partition, stream: string, to: EntryId, now: Date) => Promise<void>
}

export function createStreamPositions(db: Database, partitions: number): StreamPositions {
  const select = db
    .select({ entryId: streamPositions.entryId })
    .from(streamPositions)
    .where(
      and(
        inArray(streamPositions.partition, allPartitions(partitions)),
        eq(streamPositions.stream, sql.placeholder('stream')),
      ),
    )
    .prepare('stream_positions')
  const numbers = (id: unknown) => sql`string_to_array(${id}, '-')::numeric[]`
  const upsert = db
    .insert(streamPositions)
    .values({
      partition: sql.placeholder('partition'),
      stream: sql.placeholder('stream'),
      entryId: sql.placeholder('entryId'),
      recordedAt: sql`${sql.placeholder('recordedAt')}::timestamptz`,
    })
    .onConflictDoUpdate({
      target: [streamPositions.partition, streamPositions.stream],
      set: { entryId: sql`excluded.entry_id`, recordedAt: sql`excluded.recorded_at` },
      setWhere: sql`${numbers(sql`excluded.entry_id`)} > ${numbers(streamPositions.entryId)}`,
    })
    .prepare('move_stream_position')

  return {
    async read(stream) {
      const rows = await select.execute({ stream })
      return rows.length === 0 ? null : rows.map(({ entryId }) => parseEntryId(entryId)).reduce(latest)
    },
    async move(partition, stream, to, now) {
      await upsert.execute({ partition, stream, entryId: to, recordedAt: now.toISOString() })
    },
  }
}

/** The positions of one transaction, read after the partition was locked. */
export class StreamFence {
  readonly #positions = new Map<string, EntryId>()
  readonly #moved = new Set<string>()

  static async load(positions: StreamPositions, requests: readonly CommandRequest[]): Promise<StreamFence> {
    const fence = new StreamFence()
    const streams = new Set(requests.flatMap(({ source }) => source?.stream ?? []))
    await Promise.all(
      [...streams].map(async (stream) => {
        fence.#positions.set(stream, (await positions.read(stream)) ?? ENTRY_ORIGIN)
      }),
    )
    return fence
  }

  /**
   * @param hasReceipt whether the entry's command has an answer; it gets that again
   * @returns why the entry must not be applied; null if it may be
   */
  check(source: StreamEntry | undefined, hasReceipt: boolean): Error | null {
    if (source === undefined) return null
    const answered = this.#positions.get(source.stream) ?? ENTRY_ORIGIN
    if (isAfter(source.after, answered)) {
      return rewound(source.stream, source.after, answered)
    }
    if (isAfter(source.entryId, answered) || hasReceipt) return null
    return new AnsweredBefore(
      `Entry ${source.entryId} of ${source.stream} is not newer than ${answered}, which has been answered.`,
    )
  }

  /** The entry has been answered. */
  pass(source: StreamEntry | undefined): void {
    if (source === undefined) return
    const { stream, entryId } = source
    this.#positions.set(stream, latest(this.#positions.get(stream) ?? ENTRY_ORIGIN, entryId))
    this.#moved.add(stream)
  }

  async save(positions: StreamPositions, partition: Partition, now: Date): Promise<void> {
    await Promise.all(
      [...this.#moved].map((stream) =>
        positions.move(partition, stream, this.#positions.get(stream) as EntryId, now),
      ),
    )
  }
}

export const rewound = (stream: string, seen: EntryId, recorded: EntryId): StreamRewound =>
  new StreamRewound(
    `Stream ${stream} was answered up to ${seen}, and the database says up to ${recorded}: it has lost commits.`,
  )
