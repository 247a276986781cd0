/** The ways to fill an empty projection up to the head of the log. */
import postgres from 'postgres'
import type { LogPosition } from '../../../src/domain/values.ts'
import { openSession } from '../../../src/lib/postgres.ts'
import type { LogPoint, LogTag } from '../../../src/log/point.ts'
import { LogTail } from '../../../src/log/tail.ts'
import { forMaintenance, forProjector } from '../../../src/operations/connections.ts'
import { createFold } from '../../../src/projector/fold.ts'
import type { Projection } from '../../../src/projector/projection.ts'
import { Projector } from '../../../src/projector/projector.ts'
import { rebuildProjection } from '../../../src/projector/rebuild.ts'
import { createRows } from '../../../src/projector/rows.ts'
import { until } from '../../support/until.ts'

/** The same limits as in the product. */
const MAX_STEP_EVENTS = 1000
const MAX_CACHED_ROWS = 10_000

const GIVE_UP_MS = 300_000

/** The usual projector, with an empty projection. */
export async function catchUp(databaseUrl: string, projection: Projection, head: LogPoint): Promise<void> {
  const session = openSession(forProjector(databaseUrl, projection.name))
  const sql = postgres(databaseUrl, { max: 1 })
  const tail = new LogTail(0)
  tail.advance(0, head)
  let failure: unknown = null
  const projector = new Projector({
    consumer: createFold(projection, createRows(session.db, projection), MAX_CACHED_ROWS),
    partitions: 1,
    session,
    tail,
    maxStepEvents: MAX_STEP_EVENTS,
    onChange: () => {},
    onStop: (_, reason) => (failure = new Error(reason)),
    onError: (error) => (failure = error),
  })
  projector.start()
  await until(async () => {
    if (failure !== null) throw failure
    const [row] = await sql`select max(position) as position from views.checkpoint_positions
      where projection = ${projection.name}`
    return String(row?.['position']) === String(head.position)
  }, GIVE_UP_MS)
  await projector.close()
  await Promise.all([session.close(), sql.end()])
}

/** A rebuild by an operator: fills a second table, compares it with the first, and swaps them. */
export async function rebuild(databaseUrl: string, projection: Projection): Promise<void> {
  const session = openSession(forMaintenance(databaseUrl))
  await rebuildProjection({ session, projection, acceptDifferences: false, onProgress: () => {} })
  await session.close()
}

/** Empties the projection, as if it had just been added. */
export async function empty(databaseUrl: string, { name }: Projection): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1 })
  await sql`truncate ${sql(`views.${name}`)}`
  await sql`delete from views.checkpoint_positions where projection = ${name}`
  await sql`update views.checkpoints set generation = generation + 1 where projection = ${name}`
  await sql.end()
}

/** The position in the only partition. */
export async function headOf(databaseUrl: string): Promise<LogPoint> {
  const sql = postgres(databaseUrl, { max: 1 })
  const [row] = await sql`select position, tag from stock.events order by position desc limit 1`
  await sql.end()
  return {
    position: BigInt(String(row?.['position'])) as LogPosition,
    tag: BigInt(String(row?.['tag'])) as LogTag,
  }
}
