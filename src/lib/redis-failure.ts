/** Describes to the operator why Redis cannot be used and what to do about it, without passwords. */
import { describeConnectionFailure } from './connection-failure.ts'

const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/^WRONGPASS|invalid password/, 'the user name or the password in REDIS_URL is wrong'],
  [
    /^NOAUTH|Authentication required/,
    'it asks for a password: put it into REDIS_URL, as in redis://:password@host:6379',
  ],
  [/DB index is out of range/, 'it has no database with the number at the end of REDIS_URL: use a lower one'],
  [
    /^READONLY|is a replica/,
    'it is a read-only replica: REDIS_URL must name the primary, or a node of a cluster',
  ],
  [/^Connection is closed|Stream isn't writeable/, 'the connection was lost'],
  [/^Command timed out|^Socket timeout|max retries per request/, 'it does not answer'],
  [/^NOPERM/, 'its user lacks permissions: grant it the keys and channels onhand:*, and the streams'],
]

/** Names of errors of ioredis and of `redis.ts`. */
const NAMES = new Set([
  'ReplyError',
  'MaxRetriesPerRequestError',
  'ClusterAllFailedError',
  'RedisAway',
  'RedisUnsuitable',
])

/** Whether a Redis command failed with this error. False for errors in code that only uses what Redis returned. */
export const isRedisFailure = (error: unknown): boolean =>
  error instanceof Error && (NAMES.has(error.name) || CAUSES.some(([pattern]) => pattern.test(error.message)))

/** @returns a clause that can follow a colon, without a full stop */
export function describeRedisFailure(error: unknown): string {
  // The error of a cluster's client says only that no node answered; `lastNodeError` has the reason.
  const { lastNodeError } = error as { lastNodeError?: unknown }
  if (lastNodeError instanceof Error) return describeRedisFailure(lastNodeError)
  const message = error instanceof Error ? error.message : String(error)
  return CAUSES.find(([pattern]) => pattern.test(message))?.[1] ?? describeConnectionFailure(error)
}
