import { pino } from 'pino'
import { startOnhand } from '../../src/compose.ts'
import type { ComposeOptions, Onhand } from '../../src/compose.ts'
import { readConfig } from '../../src/config.ts'
import type { Config } from '../../src/config.ts'
import { createTestDatabase } from './database.ts'
import type { TestDatabase } from './database.ts'
import { createGraphQLClient } from './graphql.ts'
import type { GraphQLClient } from './graphql.ts'

export interface TestOnhand extends Onhand, GraphQLClient {
  readonly database: TestDatabase
}

export interface TestOnhandOptions extends Partial<Omit<ComposeOptions, 'config'>> {
  readonly config?: Partial<Config>
  /** An existing database; by default a new one, which `close` drops. */
  readonly database?: TestDatabase
}

/** Starts a complete Onhand in this process, composed as in production, on any free port. */
export async function startTestOnhand(options: TestOnhandOptions = {}): Promise<TestOnhand> {
  const { config = {}, database: given, ...rest } = options
  const database = given ?? (await createTestDatabase(config.partitions ?? 1))
  const onhand = await startOnhand({
    config: { ...readConfig({ PORT: '0', SEED: 'none' }), ...config },
    databaseUrl: database.url,
    logger: pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }),
    ...rest,
  })
  const client = createGraphQLClient(onhand.url)
  return {
    ...onhand,
    ...client,
    database,
    async close() {
      await client.close()
      await onhand.close()
      if (given === undefined) await database.drop()
    },
  }
}
