/** Redis is unavailable from the start: everything works without it, and one warning names the cause. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTestLog } from '../support/log.ts'
import { startTestOnhand } from '../support/onhand.ts'
import { createBatch } from '../support/operations.ts'
import { freePort, redisProgram, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

test.skipIf(redisProgram === undefined)(
  'Redis is unavailable, becomes available, and fails again',
  async () => {
    const port = await freePort()
    const log = createTestLog()
    const redisUrl = `redis://:secret@127.0.0.1:${port}`
    const onhand = await startTestOnhand({ config: { redisUrl, redisReadModel: true }, logger: log.logger })
    await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 10 })
    expect(
      (await onhand.gql('{ product(sku: "lamp", consistentWith: "latest") { available } }')).product,
    ).toEqual({
      available: 10,
    })
    // Projectors, checks and the intake keep trying meanwhile.
    await sleep(2000)
    expect(log.warnings()).toEqual([
      `Redis at 127.0.0.1:${port} cannot be used: the connection was refused: nothing listens there.`,
    ])
    const server = await startRedis(port)
    await until(() => log.lines.some(({ msg }) => msg === `Redis at 127.0.0.1:${port} can be used again.`))
    await server.stop()
    await sleep(2000)
    // The minute is not over yet.
    expect(log.warnings()).toHaveLength(1)
    expect(JSON.stringify(log.lines)).not.toContain('secret')
    await onhand.close()
  },
)
