import type { Config } from '../config.ts'
import { checkReadModel } from '../integration/check-read-model.ts'
import { AVAILABILITY_REDIS } from '../integration/read-model.ts'
import { AnotherInstallation, RedisAvailability } from '../integration/redis-availability.ts'
import { addressOf } from '../lib/connection-failure.ts'
import { openSession } from '../lib/postgres.ts'
import { describeRedisFailure } from '../lib/redis-failure.ts'
import { RedisAway, linkRedis } from '../lib/redis.ts'
import { forVerifying } from '../operations/connections.ts'
import { readInstallation } from '../operations/installation.ts'
import { verifyDatabase } from '../operations/verify.ts'
import { checked } from '../operations/verify/check.ts'
import type { Check } from '../operations/verify/check.ts'
import { createProgressRead } from '../projector/progress.ts'
import { command } from './command.ts'
import { withDatabase } from './database.ts'
import { startProgress } from './progress.ts'

export default command({
  name: 'verify',
  description:
    'Proves from the database alone that nothing was lost, duplicated or oversold. Exits with 1 if something was.',
  args: {},
  run: () =>
    withDatabase(async ({ url, config }) => {
      const progress = startProgress('replaying the log', 'events')
      const checks = await verifyDatabase({
        openSession: () => openSession(forVerifying(url)),
        receiptRetentionHours: config.receiptRetentionHours,
        onCheck: print,
        onProgress(done, total) {
          progress.update(Number(done), Number(total))
          if (done >= total) progress.end()
        },
      }).finally(() => progress.end())
      const inRedis = await verifyReadModel(url, config)
      if (inRedis !== null) {
        print(inRedis)
        checks.push(inRedis)
      }
      const broken = checks.filter(({ holds }) => !holds).length
      process.stdout.write(
        broken === 0 ? 'All checks passed.\n' : `${broken} of ${checks.length} checks failed.\n`,
      )
      return broken === 0 ? 0 : 1
    }),
})

const print = ({ claim, detail, holds }: Check) =>
  process.stdout.write(`${holds ? '✓' : '✗'} ${claim} ${detail}\n`)

/** @returns null if availability is not written to Redis */
async function verifyReadModel(url: string, { redisUrl }: Config): Promise<Check | null> {
  if (redisUrl === null) return null
  const session = openSession(forVerifying(url))
  let why = 'no answer'
  const link = await linkRedis(redisUrl, (error) => {
    why = describeRedisFailure(error)
  })
  const claim = 'Availability in Redis equals availability in Postgres.'
  try {
    const kept = await createProgressRead(session.db, [AVAILABILITY_REDIS])()
    if (kept.length === 0) return null
    const redis = new RedisAvailability(link.client, (await readInstallation(url)).id)
    const { products, wrong } = await checkReadModel(
      session.db,
      redis,
      kept.map(({ partition }) => partition),
    )
    return checked(claim, wrong, `${products} products`)
  } catch (error) {
    if (error instanceof RedisAway)
      return checked(claim, [`Redis at ${addressOf(redisUrl)} cannot be used: ${why}.`], '')
    if (error instanceof AnotherInstallation) return checked(claim, [error.message], '')
    throw error
  } finally {
    link.close()
    await session.close()
  }
}
