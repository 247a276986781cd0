import { hostname } from 'node:os'
import type { Redis } from 'ioredis'
import { v7 as uuidv7 } from 'uuid'
import type { CommandRequest, Outcome } from '../command/request.ts'
import { connectRedis } from '../lib/redis.ts'
import { ChangeBatchQuantityIntake } from './change-batch-quantity.ts'

export interface IntakeStart {
  readonly redisUrl: string
  readonly redis: Redis
  readonly dispatch: (request: CommandRequest) => Promise<Outcome>
  readonly onError: (error: unknown) => void
}

/** Begins to take messages of other systems as commands. */
export async function startIntake({
  redisUrl,
  redis,
  dispatch,
  onError,
}: IntakeStart): Promise<ChangeBatchQuantityIntake> {
  const reader = await connectRedis(redisUrl, onError)
  const consumer = `${hostname()}-${process.pid}-${uuidv7()}`
  const intake = new ChangeBatchQuantityIntake({ reader, redis, consumer, dispatch, onError })
  intake.start()
  return intake
}
