import {
  LINE_ALLOCATED,
  beginLineAllocatedRelay,
  createLineAllocatedRelay,
} from '../integration/line-allocated.ts'
import { ReadModelMonitor } from '../integration/read-model-monitor.ts'
import { AVAILABILITY_REDIS, createReadModel } from '../integration/read-model.ts'
import { RedisAvailability } from '../integration/redis-availability.ts'
import { isUnavailable } from '../lib/postgres-error.ts'
import { openSession } from '../lib/postgres.ts'
import { isRedisFailure } from '../lib/redis-failure.ts'
import type { LogTail } from '../log/tail.ts'
import { forProjector } from '../operations/connections.ts'
import { countProjectedEvents } from '../operations/metrics/projections.ts'
import { projections } from '../projection/all.ts'
import type { Change } from '../projector/projector.ts'
import { Projectors } from '../projector/projectors.ts'
import type { ReadSide } from './read-side.ts'
import type { Redis } from './redis.ts'
import type { Shared } from './shared.ts'

/** How often the read model in Redis is checked for loss. */
const READ_MODEL_CHECK_MS = 2000

/** Creates the set of projectors; `startProjectors` adds them. */
export function openProjectors(shared: Shared, tail: LogTail, redis: Redis | null): Projectors {
  const { config, logger, onClose } = shared
  const projectors = new Projectors({
    connection: (name) => connectionOf(shared, name),
    partitions: config.partitions,
    tail,
    logger,
    onError(projection, error) {
      if (isRedisFailure(error)) redis?.onError(error)
      else if (!isUnavailable(error))
        logger.warn({ err: error, projection }, 'projecting failed and will be retried')
    },
  })
  onClose(() => projectors.close())
  return projectors
}

const connectionOf = ({ databaseUrl, postgres }: Shared, name: string) => ({
  ...forProjector(databaseUrl, name),
  monitor: postgres,
})

/** @param onChange called with each change that a projector has committed */
export async function startProjectors(
  shared: Shared,
  projectors: Projectors,
  readSide: ReadSide,
  redis: Redis | null,
  onChange: (change: Change) => void,
): Promise<void> {
  const count = countProjectedEvents(shared.instruments)
  const countChange = ({ projection, from, to }: Change) =>
    count(projection, Number(to.position - from.position))
  for (const projection of projections) {
    await projectors.project(projection, (change) => {
      onChange(change)
      countChange(change)
    })
  }
  if (redis === null) return
  await startLineAllocatedRelay(shared, projectors, redis)
  if (shared.config.redisReadModel) await startReadModel(shared, projectors, readSide, redis, countChange)
}

async function startLineAllocatedRelay(shared: Shared, projectors: Projectors, redis: Redis): Promise<void> {
  const { config, logger } = shared
  const session = openSession(connectionOf(shared, LINE_ALLOCATED))
  await beginLineAllocatedRelay(
    session,
    config.partitions,
    config.lineAllocatedFrom,
    (partition, position, continuesFrom) =>
      logger.warn(
        { partition, position: String(position), continuesFrom: String(continuesFrom) },
        'the log lacks the checkpoint of line_allocated, as after a restore; the stream continues from the last commit before it',
      ),
  ).finally(() => session.close())
  await projectors.run(
    LINE_ALLOCATED,
    () => createLineAllocatedRelay(redis.link),
    () => {},
  )
}

async function startReadModel(
  shared: Shared,
  projectors: Projectors,
  { db, reads, installation }: ReadSide,
  redis: Redis,
  onChange: (change: Change) => void,
): Promise<void> {
  const inRedis = new RedisAvailability(redis.link.client, installation)
  await projectors.run(AVAILABILITY_REDIS, (writer) => createReadModel(writer, inRedis), onChange)
  const monitor = new ReadModelMonitor({
    link: redis.link,
    redis: inRedis,
    db,
    progress: reads.progress,
    openSession: () => openSession(connectionOf(shared, `${AVAILABILITY_REDIS} restoring`)),
  })
  shared.every(READ_MODEL_CHECK_MS, () => monitor.check(), redis.onError)
}
