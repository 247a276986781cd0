import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { migrateDatabase } from '../../../src/operations/migrate.ts'
import { openEmbeddedPostgres } from '../../../src/operations/postgres/embedded.ts'
import type { Bench } from '../suite.ts'

export interface BenchPostgres {
  readonly version: string
  /** @returns the URL of a migrated, empty database */
  readonly createDatabase: (name: string) => Promise<string>
}

/**
 * The embedded Postgres of the product, with the product's settings, in a directory of this run.
 *
 * @param settings additional settings, for measurements in Postgres itself
 */
export async function openPostgres(
  { onEnd }: Bench,
  settings: Readonly<Record<string, string>> = {},
): Promise<BenchPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'onhand-bench-'))
  // Started by root, Postgres runs as another account, which needs access.
  await chmod(dataDir, 0o755)
  onEnd(() => rm(dataDir, { recursive: true, force: true }))
  let server = await openEmbeddedPostgres({ dataDir })
  onEnd(() => server.stop())
  const run = (statement: string) => runStatement(server.url, statement)
  for (const [name, value] of Object.entries(settings)) await run(`alter system set ${name} = '${value}'`)
  if (Object.keys(settings).length > 0) {
    await server.stop()
    server = await openEmbeddedPostgres({ dataDir })
  }
  const [row] = await run('show server_version')
  return {
    version: String(row?.['server_version']),
    async createDatabase(name) {
      await run(`create database bench_${name}`)
      const url = new URL(server.url)
      url.pathname = `/bench_${name}`
      await migrateDatabase(url.href, 1)
      return url.href
    },
  }
}

async function runStatement(url: string, statement: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}
