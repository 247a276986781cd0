import { sql } from 'drizzle-orm'
import type { LogPosition } from '../../domain/values.ts'
import type { Database } from '../../lib/postgres.ts'
import type { Partition } from '../../log/partition.ts'
import type { LogPoint } from '../../log/point.ts'
import { checked } from './check.ts'
import type { Check } from './check.ts'

const CHUNK_EVENTS = 20_000

/** Counts the events up to these heads in chunks, so that no snapshot is open for long. */
export async function checkLog(db: Database, heads: ReadonlyMap<Partition, LogPoint>): Promise<Check[]> {
  const gaps: string[] = []
  const untagged: string[] = []
  let events = 0n
  for (const [partition, head] of heads) {
    events += head.position
    if (head.position > 0n && head.tag === 0n)
      untagged.push(`event ${partition}:${head.position}, the last one, has no tag`)
    for (let after = 0n; after < head.position; after += BigInt(CHUNK_EVENTS)) {
      const found = await checkChunk(db, partition, after, head.position)
      gaps.push(...found.gaps)
      untagged.push(...found.untagged)
    }
  }
  return [
    checked('The log is gapless.', gaps, `${events} events in ${heads.size} partition(s), counted 1 to head`),
    checked(
      'Every commit ends with a tag.',
      untagged,
      'the last event has one, and each before an event with a later time',
    ),
  ]
}

async function checkChunk(db: Database, partition: Partition, after: bigint, head: LogPosition) {
  const upTo = after + BigInt(CHUNK_EVENTS) < head ? after + BigInt(CHUNK_EVENTS) : head
  // Events of one commit have the same time, so a commit ends where the time changes.
  const [row] = await db.execute<{
    count: number
    first: string | null
    last: string | null
    untagged: string | null
  }>(
    sql`select count(*)::int as count, min(position)::text as first, max(position)::text as last,
        (min(position) filter (where tag is null and next > recorded_at))::text as untagged
      from (
        select position, tag, recorded_at, lead(recorded_at) over (order by position) as next
        from stock.events where partition = ${partition} and position > ${String(after)} and position <= ${String(upTo)}
      ) e`,
  )
  const { count = 0, first = null, last = null, untagged = null } = row ?? {}
  const wanted = upTo - after
  return {
    gaps:
      BigInt(count) === wanted
        ? []
        : [
            `partition ${partition}: of the events ${after + 1n} to ${upTo} there are ${count}` +
              (count === 0 ? '' : `, from ${first} to ${last}`),
          ],
    untagged: untagged === null ? [] : [`event ${partition}:${untagged} ends a commit and has no tag`],
  }
}
