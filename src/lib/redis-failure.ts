/** Why Redis cannot be used, and what to do about it, in words for the operator. Without passwords. */
import { describeConnectionFailure } from './connection-failure.ts'

const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/^WRONGPASS|invalid password/, 'the user name or the password in REDIS_URL is wrong'],
  [
    /^NOAUTH|Authentication required/,
    'it asks for a password: put it into REDIS_URL, as in redis://:password@host:6379',
  ],
  [/DB index is out of range/, 'it has no database of that number: REDIS_URL ends in one that is too high'],
  [
    /^READONLY|is a replica/,
    'it is a replica, which takes no writes: REDIS_URL must name the primary, or a node of a cluster',
  ],
  [/^Connection is closed|Stream isn't writeable/, 'the connection was lost'],
  [/^Command timed out|^Socket timeout|max retries per request/, 'it does not answer'],
  [
    /^NOPERM/,
    'its user may not do that: give it the rights on the keys and channels onhand:*, and the streams',
  ],
]

/** Names of errors of ioredis, and of ours. */
const NAMES = new Set([
  'ReplyError',
  'MaxRetriesPerRequestError',
  'ClusterAllFailedError',
  'RedisAway',
  'RedisUnsuitable',
])

/** A command of Redis failed with it. Not of scripts that were refused, or of what was read from Redis. */
export const isRedisFailure = (error: unknown): boolean =>
  error instanceof Error && (NAMES.has(error.name) || CAUSES.some(([pattern]) => pattern.test(error.message)))

/** @returns a clause to follow a colon, without a full stop */
export function describeRedisFailure(error: unknown): string {
  // A cluster's client says only that no node could be asked, and keeps the reason.
  const { lastNodeError } = error as { lastNodeError?: unknown }
  if (lastNodeError instanceof Error) return describeRedisFailure(lastNodeError)
  const message = error instanceof Error ? error.message : String(error)
  return CAUSES.find(([pattern]) => pattern.test(message))?.[1] ?? describeConnectionFailure(error)
}
