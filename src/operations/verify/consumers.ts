import type { Database } from '../../lib/postgres.ts'
import { describeLost } from '../../projector/lost-checkpoint.ts'
import { createProgressRead } from '../../projector/progress.ts'
import { checked } from './check.ts'
import type { Check } from './check.ts'

/** Checks that each consumer of the log, projection or stream, is running and stands at the end of a commit. */
export async function checkConsumers(db: Database): Promise<Check> {
  const wrong: string[] = []
  const progress = await createProgressRead(db)()
  for (const { projection, partition, position, head, isInLog, error } of progress) {
    const where = `${projection} in partition ${partition}`
    if (!isInLog) wrong.push(`${where} ${describeLost(projection, position, head.position)}`)
    else if (error !== null) wrong.push(`${where} has stopped: ${error}`)
  }
  return checked(
    'Every consumer stands at a commit of the log, and none has stopped.',
    wrong,
    names(progress),
  )
}

const names = (progress: readonly { readonly projection: string }[]): string =>
  [...new Set(progress.map(({ projection }) => projection))].join(', ')
