/** Checkpoints are appended, and old ones are swept. */
import { expect, test } from 'vitest'
import { openSession } from '../../src/lib/postgres.ts'
import { LogTail } from '../../src/log/tail.ts'
import { forProjector } from '../../src/operations/connections.ts'
import { ensureCheckpoints } from '../../src/projector/checkpoint.ts'
import { Projector } from '../../src/projector/projector.ts'
import { createTestDatabase } from '../support/database.ts'
import { point } from '../support/events.ts'
import { until } from '../support/until.ts'

test(
  'old positions of a checkpoint are swept, however many steps there are',
  { timeout: 120_000 },
  async () => {
    const STEPS = 3500
    const database = await createTestDatabase()
    await database.sql`insert into stock.events
    select 0, position, 'LineBackordered', '{"orderId":"o","sku":"s","quantity":1}', position::text, now(), position
    from generate_series(1, ${STEPS}) position`
    const session = openSession(forProjector(database.url, 'test'))
    await ensureCheckpoints(session.db, ['test'], 1)
    const tail = new LogTail(0)
    tail.advance(0, point(STEPS))
    let steps = 0
    const projector = new Projector({
      consumer: { name: 'test', consume: async () => ({ rows: [], failure: null }), evict() {} },
      partitions: 1,
      session,
      tail,
      maxStepEvents: 1,
      onChange: () => (steps += 1),
      onStop: () => {},
      onError: () => {},
    })
    projector.start()
    await until(() => steps === STEPS, 100_000)
    await projector.close()
    const kept = await database.sql`select position::int from views.checkpoint_positions order by position`
    expect(kept.length).toBeLessThanOrEqual(1000)
    expect(kept.at(-1)).toEqual({ position: STEPS })
    await session.close()
    await database.drop()
  },
)
