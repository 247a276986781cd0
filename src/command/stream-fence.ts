/**
 * Records the last answered entry of each stream of other systems, beside the log. A position moves in the same transaction as
 * the entry's command. So an entry is applied once and never after a newer one, whichever process sends it and however late:
 * even after its receipt has expired, or from a process that was paused in the meantime.
 *
 * Each partition has a row for the entries whose commands it decided. The greatest position counts, because entries are
 * answered in order across all partitions.
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
  /** The last answered entry of a stream; null if there is none. */
  readonly read: (stream: string) => Promise<EntryId | null>
  /** Records that an entry was answered in a partition. A position never moves back. */
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

/** The stream positions of one transaction, read after the partition was locked. */
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
   * @param hasReceipt whether the entry's command already has an answer, which it then gets again
   * @returns why the entry must not be applied; null if it may be applied
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

  /** Records that the entry was answered; `save` writes that. */
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
    `Stream ${stream} was answered up to ${seen}, but the database records only ${recorded}: it has lost commits.`,
  )
