import { once } from 'node:events'
import { Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'

/**
 * A connection that fails fast while Redis is away, instead of queueing, and comes back by itself, at a random moment within a
 * second or so, so that many processes do not come back at once.
 *
 * @returns once it is connected, or once the first attempt has failed
 */
export async function connectRedis(
  url: string,
  onError: (error: unknown) => void,
  options: RedisOptions = {},
): Promise<Redis> {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1000) * (0.5 + Math.random()),
    ...(options as object),
  })
  redis.on('error', onError)
  await Promise.race([once(redis, 'ready'), once(redis, 'close')]).catch(() => {})
  return redis
}
