/** Whether a database is as it should be. */
import { openSession } from '../../src/lib/postgres.ts'
import { forMaintenance } from '../../src/operations/connections.ts'
import { verifyDatabase } from '../../src/operations/verify.ts'

/** @returns what is wrong with it; nothing, one hopes */
export async function unsoundness(databaseUrl: string): Promise<string[]> {
  const session = openSession(forMaintenance(databaseUrl))
  try {
    const checks = await verifyDatabase({ session, onCheck: () => {}, onProgress: () => {} })
    return checks.filter(({ holds }) => !holds).map(({ claim, detail }) => `${claim}: ${detail}`)
  } finally {
    await session.close()
  }
}
