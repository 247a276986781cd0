import { hostname } from 'node:os'
import { v7 as uuidv7 } from 'uuid'
import { ChangeBatchQuantityIntake } from './change-batch-quantity.ts'
import type { IntakeOptions } from './change-batch-quantity.ts'

/** Starts to take messages of other systems as commands. */
export function startIntake(options: Omit<IntakeOptions, 'consumer'>): ChangeBatchQuantityIntake {
  const consumer = `${hostname()}-${process.pid}-${uuidv7()}`
  const intake = new ChangeBatchQuantityIntake({ ...options, consumer })
  intake.start()
  return intake
}
