import { sql } from 'drizzle-orm'
import type { Database } from '../../lib/postgres.ts'
import { createProgressRead } from '../../projector/progress.ts'
import { checked } from './check.ts'
import type { Check } from './check.ts'

/** All that follow the log, projections and streams, whether they run and stand where a commit ends. */
export async function checkConsumers(db: Database): Promise<Check> {
  const wrong: string[] = []
  const progress = await createProgressRead(db)()
  for (const { projection, partition, position, tag, head, error } of progress) {
    const where = `${projection} in partition ${partition}`
    if (error !== null) wrong.push(`${where} has stopped: ${error}`)
    if (position > head.position)
      wrong.push(`${where} is at ${position}, ahead of the log, which ends at ${head.position}`)
    else if (position > 0n && (await tagAt(db, partition, position)) !== tag)
      wrong.push(`${where} is at event ${position} of another history than the log's: their tags differ`)
  }
  return checked('All that follow the log are on it, and none has stopped.', wrong, names(progress))
}

async function tagAt(db: Database, partition: number, position: bigint): Promise<bigint> {
  const [row] = await db.execute<{ tag: string | null }>(
    sql`select views.tag_at(${partition}, ${String(position)}::bigint) as tag`,
  )
  return BigInt(row?.tag ?? 0)
}

const names = (progress: readonly { readonly projection: string }[]): string =>
  [...new Set(progress.map(({ projection }) => projection))].join(', ')
