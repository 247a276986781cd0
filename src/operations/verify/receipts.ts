/** Compares the receipts with the log. */
import { sql } from 'drizzle-orm'
import type { LogPosition } from '../../domain/values.ts'
import type { Database } from '../../lib/postgres.ts'
import type { Partition } from '../../log/partition.ts'

const CHUNK_RECEIPTS = 10_000

/**
 * Checks a range of the log: every command that is recent enough must have one receipt, with the position where the command ended.
 * This finds commands that are in the log twice, and lost receipts.
 *
 * @param after the end of a commit, as is `upTo`
 */
export async function checkCommands(
  db: Database,
  partition: Partition,
  after: LogPosition,
  upTo: LogPosition,
  retentionHours: number,
): Promise<string[]> {
  // The clock of a sweeper may be slightly ahead of the clock of Postgres.
  const kept = sql`now() - ${retentionHours} * interval '1 hour' + interval '10 minutes'`
  const rows = await db.execute<{
    command: string
    ends: string
    says: string | null
    found: boolean
    commits: number
  }>(
    sql`select c.command_id as command, c.ends::text, c.commits, r.position::text as says, r.command_id is not null as found
      from (
        select command_id, max(position) as ends, max(position) - min(position) + 1 - count(*) as others,
          1 + count(*) filter (where tag is not null) - (count(*) filter (where tag is not null and position = last))::int as commits
        from (
          select command_id, position, tag, max(position) over (partition by command_id) as last from stock.events
          where partition = ${partition} and position > ${String(after)} and position <= ${String(upTo)} and recorded_at > ${kept}
        ) e group by command_id
      ) c
      left join stock.receipts r on r.partition = ${partition} and r.command_id = c.command_id
      where r.position is distinct from c.ends or c.others > 0 or c.commits > 1
      order by c.ends limit 10`,
  )
  return rows.map(({ command, ends, says, found }) => {
    const what = `command ${command}, which ends at event ${partition}:${ends},`
    if (!found) return `${what} has no receipt`
    if (says === ends) return `${what} is in the log twice`
    return `${what} ${says === null ? 'was rejected' : `ends at ${says}`} according to its receipt: it is in the log twice, or the receipt is wrong`
  })
}

/** Checks that no receipt is beyond the end of the log, so that all acknowledged commands are in the log. */
export async function checkReceipts(
  db: Database,
  partition: Partition,
): Promise<{ receipts: number; wrong: string[] }> {
  const wrong: string[] = []
  let receipts = 0
  for (let after = ''; ;) {
    const [chunk] = await db.execute<{
      count: number
      last: string | null
      beyond: string[] | null
      head: string
    }>(
      sql`with chunk as (
          select command_id, position from stock.receipts
          where partition = ${partition} and command_id > ${after} order by command_id limit ${CHUNK_RECEIPTS}
        ), head as (
          select coalesce((select position from stock.events where partition = ${partition} order by position desc limit 1), 0) as position
        )
        select count(*)::int as count, max(command_id) as last, (select position::text from head) as head,
          json_agg(command_id || ' at ' || position) filter (where position > (select position from head)) as beyond
        from chunk`,
    )
    if (chunk === undefined || chunk.last === null) return { receipts, wrong }
    receipts += chunk.count
    for (const one of chunk.beyond ?? [])
      wrong.push(
        `the receipt of command ${one} is beyond the end of the log of partition ${partition}, which is ${chunk.head}`,
      )
    if (chunk.count < CHUNK_RECEIPTS) return { receipts, wrong }
    after = chunk.last
  }
}
