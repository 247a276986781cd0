import { atMostEvery } from '../lib/at-most-every.ts'
import { addressOf } from '../lib/connection-failure.ts'
import { describeRedisFailure, isRedisFailure } from '../lib/redis-failure.ts'
import { linkRedis } from '../lib/redis.ts'
import type { RedisLink } from '../lib/redis.ts'
import { registerUp } from '../operations/metrics/process.ts'
import { watchOutage } from '../operations/outage.ts'
import type { Shared } from './shared.ts'

export interface Redis {
  readonly link: RedisLink
  /** Reports that an operation on Redis failed. */
  readonly onError: (error: unknown) => void
}

/** How often Redis is checked for being available. */
const CHECK_MS = 2000
/** Limits how often repeated warnings are logged. */
const WARNING_INTERVAL_MS = 60_000

/** @returns null without a REDIS_URL */
export async function openRedis({
  config,
  logger,
  instruments,
  warn,
  onClose,
  every,
}: Shared): Promise<Redis | null> {
  const { redisUrl } = config
  if (redisUrl === null) return null
  const server = `Redis at ${addressOf(redisUrl)}`
  const outage = watchOutage({ server, logger, explain: describeRedisFailure })
  const link = await linkRedis(redisUrl, outage.failed)
  onClose(() => link.close())
  every(CHECK_MS, () => link.check().then(outage.answered), outage.failed)
  registerUp(instruments, 'Redis', () => !outage.lasts)
  const warnSometimes = atMostEvery(WARNING_INTERVAL_MS, warn('an operation on Redis failed'))
  return {
    link,
    onError: (error) => (isRedisFailure(error) ? outage.failed(error) : warnSometimes(error)),
  }
}
