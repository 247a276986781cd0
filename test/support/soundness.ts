/** Whether a database is as it should be. */
import { openSession } from '../../src/lib/postgres.ts'
import { forVerifying } from '../../src/operations/connections.ts'
import { verifyDatabase } from '../../src/operations/verify.ts'

/** @returns what is wrong with it; nothing, one hopes */
export async function unsoundness(databaseUrl: string): Promise<string[]> {
  const checks = await verifyDatabase({
    openSession: () => openSession(forVerifying(databaseUrl)),
    receiptRetentionHours: 72,
    onCheck: () => {},
    onProgress: () => {},
  })
  return checks.filter(({ holds }) => !holds).map(({ claim, detail }) => `${claim}: ${detail}`)
}
