import { projections } from '../projection/all.ts'
import { createProgressRead } from '../projector/progress.ts'
import { rebuildProjection } from '../projector/rebuild.ts'
import { UsageError, command } from './command.ts'
import { withSession } from './database.ts'
import { startProgress } from './progress.ts'
import { LINE_ALLOCATED, beginLineAllocatedRelay } from '../integration/line-allocated.ts'
import { AVAILABILITY_REDIS, restoreReadModel } from '../integration/read-model.ts'
import { RedisAvailability } from '../integration/redis-availability.ts'
import { addressOf } from '../lib/connection-failure.ts'
import { describeRedisFailure } from '../lib/redis-failure.ts'
import { RedisAway, linkRedis } from '../lib/redis.ts'
import type { Session } from '../lib/postgres.ts'
import { readInstallation } from '../operations/installation.ts'
import type { OpenedDatabase } from './database.ts'

const NAMES = [...projections.map(({ name }) => name), AVAILABILITY_REDIS, LINE_ALLOCATED]

export default command({
  name: 'rebuild',
  description: 'Rebuilds a projection from the log while the old one keeps serving.',
  args: {
    projection: { type: 'positional', description: NAMES.join(', '), required: false },
    all: { type: 'boolean', description: 'all projections in Postgres', default: false },
    'accept-differences': {
      type: 'boolean',
      description:
        'Replace the old projection even if the new one differs: for a release that changes what it shows.',
      default: false,
    },
  },
  run: ({ projection: asked, all, 'accept-differences': acceptDifferences }) => {
    if (all === (asked !== undefined)) throw new UsageError('Name one projection, or pass --all.')
    if (asked === AVAILABILITY_REDIS) return withSession(rebuildReadModel)
    if (asked === LINE_ALLOCATED) return withSession(putBackRelay)
    const chosen = projections.filter(({ name }) => all || name === asked)
    if (chosen.length === 0) {
      throw new UsageError(`There is no projection ${asked}. The projections are ${NAMES.join(', ')}.`)
    }
    return withSession(async (session) => {
      for (const projection of chosen) {
        const progress = startProgress(projection.name, 'events')
        const startedAt = performance.now()
        const { events, rows, differed, heldMs } = await rebuildProjection({
          session,
          projection,
          acceptDifferences,
          onProgress: (done, total) => progress.update(Number(done), Number(total)),
          onWait: () =>
            process.stderr.write(
              `${projection.name}: rebuilt; waiting for other transactions on the table, such as a dump, before replacing it.\n`,
            ),
        }).finally(() => progress.end())
        const seconds = (performance.now() - startedAt) / 1000
        process.stdout.write(
          `${projection.name}: ${rows} rows from ${events} events in ${seconds.toFixed(1)} s, ${differed ? 'different from' : 'same as'} before; replaced in ${Math.ceil(heldMs)} ms.\n`,
        )
      }
    })
  },
})

/** A stream cannot be rebuilt. It continues from the last commit that the log has. */
async function putBackRelay(session: Session): Promise<void> {
  const partitions = (await createProgressRead(session.db, [LINE_ALLOCATED])()).length
  if (partitions === 0)
    throw new UsageError(`${LINE_ALLOCATED} has never been switched on. Start a server with REDIS_URL.`)
  let putBack = 0
  await beginLineAllocatedRelay(session, partitions, 'now', (partition, position, continuesFrom) => {
    putBack += 1
    process.stdout.write(
      `${LINE_ALLOCATED}: was at ${partition}:${position}, which the log lacks; it continues from ${partition}:${continuesFrom}.\n`,
    )
  })
  if (putBack === 0) process.stdout.write(`${LINE_ALLOCATED}: the log has its checkpoint; nothing to do.\n`)
}

async function rebuildReadModel(
  session: Session,
  { url, config: { redisUrl } }: OpenedDatabase,
): Promise<void> {
  const kept = await createProgressRead(session.db, [AVAILABILITY_REDIS])()
  if (kept.length === 0) {
    throw new UsageError(
      'Availability has never been written to Redis. Start a server with REDIS_READ_MODEL=on.',
    )
  }
  if (redisUrl === null) throw new UsageError(`${AVAILABILITY_REDIS} is in Redis. Set REDIS_URL.`)
  let why = 'no answer'
  const link = await linkRedis(redisUrl, (error) => {
    why = describeRedisFailure(error)
  })
  try {
    const { id } = await readInstallation(url)
    const redis = new RedisAvailability(link.client, id)
    await restoreReadModel(session, redis, 'always')
    process.stdout.write(`${AVAILABILITY_REDIS}: rewritten from the projection in Postgres.\n`)
  } catch (error) {
    throw error instanceof RedisAway
      ? new UsageError(`Redis at ${addressOf(redisUrl)} cannot be used: ${why}.`)
      : error
  } finally {
    link.close()
  }
}
