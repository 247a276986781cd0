/** Verifies a database as `onhand verify` does. */
import { openSession } from '../../src/lib/postgres.ts'
import { forVerifying } from '../../src/operations/connections.ts'
import { verifyDatabase } from '../../src/operations/verify.ts'

/** @returns a description of each failed check */
export async function unsoundness(databaseUrl: string): Promise<string[]> {
  const checks = await verifyDatabase({
    openSession: () => openSession(forVerifying(databaseUrl)),
    receiptRetentionHours: 72,
    onCheck: () => {},
    onProgress: () => {},
  })
  return checks.filter(({ holds }) => !holds).map(({ claim, detail }) => `${claim}: ${detail}`)
}
