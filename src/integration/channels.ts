import { hostname } from 'node:os'
import { v7 as uuidv7 } from 'uuid'
import type { CommandRequest, Outcome } from '../command/request.ts'
import type { RedisLink } from '../lib/redis.ts'
import { ChangeBatchQuantityIntake } from './change-batch-quantity.ts'

export interface IntakeStart {
  readonly redis: RedisLink
  readonly dispatch: (request: CommandRequest) => Promise<Outcome>
  readonly onError: (error: unknown) => void
}

/** Begins to take messages of other systems as commands. */
export function startIntake({ redis, dispatch, onError }: IntakeStart): ChangeBatchQuantityIntake {
  const consumer = `${hostname()}-${process.pid}-${uuidv7()}`
  const intake = new ChangeBatchQuantityIntake({ redis, consumer, dispatch, onError })
  intake.start()
  return intake
}
