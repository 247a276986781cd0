/** Commands beside servers, and while things are killed: real processes, on a database or on embedded Postgres. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openEmbeddedPostgres } from '../../src/operations/postgres/embedded.ts'
import { findPostmaster } from '../../src/operations/postgres/postmaster.ts'
import { onhandCli, startCli } from '../support/cli.ts'
import type { RunningCli } from '../support/cli.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { createGraphQLClient } from '../support/graphql.ts'
import { freePort } from '../support/redis-server.ts'
import { startServer } from '../support/server-process.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { until } from '../support/until.ts'

let directory: string
let server: ServerProcess | null = null
const running: RunningCli[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onhand-cli-'))
  // Embedded Postgres may run as another account, which needs access.
  await chmod(directory, 0o755)
})

afterEach(async () => {
  for (const cli of running.splice(0)) {
    cli.kill('SIGKILL')
    await cli.result
  }
  await server?.kill()
  server = null
  await rm(directory, { recursive: true, force: true })
})

function start(...parameters: Parameters<typeof startCli>): RunningCli {
  const cli = startCli(...parameters)
  running.push(cli)
  return cli
}

describe('a replay', () => {
  const LINES = 4000
  let database: TestDatabase

  beforeEach(async () => {
    database = await createTestDatabase()
  })

  afterEach(() => database.drop())

  const events = async () =>
    Number((await database.sql`select coalesce(max(position), 0) as head from stock.events`)[0]?.['head'])
  const played = (share: number) => until(async () => (await events()) > LINES * share)

  /** Writes orders of a few units for 40 products with different demand, with some cancellations and write-offs. */
  async function writeOrders(): Promise<string> {
    const lines = Array.from({ length: LINES }, (_, at) => {
      const sku = `sku-${Math.floor(40 * ((at * 7919) % 1000) ** 2 * 1e-6)}`
      const units = 1 + (at % 5)
      if (at % 17 === 16) return `C${at},${sku},${-units}`
      if (at % 97 === 96) return `${at},${sku},${-units}`
      return `${Math.floor(at / 4)},${sku},${units}`
    })
    const path = join(directory, 'orders.csv')
    await writeFile(path, `${['InvoiceNo,StockCode,Quantity', ...lines].join('\n')}\n`)
    return path
  }

  test('continues after the server is killed, and can be resumed after it is killed itself', async () => {
    const port = await freePort()
    const serve = async () => startServer({ databaseUrl: database.url, port })
    server = await serve()
    const parameters = ['replay', await writeOrders(), '--url', `${server.url}/graphql`]

    const killed = start(parameters)
    await played(0.2)
    killed.kill('SIGKILL')
    expect((await killed.result).code).toBe(null)

    const resumed = start(parameters)
    let atKill = 0
    for (const share of [0.3, 0.4]) {
      await played(share)
      await server.kill()
      atKill = await events()
      server = await serve()
    }
    const { code, stdout } = await resumed.result
    expect(stdout).toContain('products with all their order lines are as expected.')
    expect(Number(/Already answered: (\d+)/.exec(stdout)?.[1])).toBeGreaterThan(LINES * 0.2)
    expect(code).toBe(0)

    const head = await events()
    expect(atKill).toBeLessThan(head)
    const commands = /^(\d+) commands/.exec(stdout)?.[1]
    const again = await onhandCli(parameters)
    expect(again.stdout).toContain(`Already answered: ${commands}.`)
    expect(again.code).toBe(0)
    expect(await events()).toBe(head)
    expect((await onhandCli(['verify'], { DATABASE_URL: database.url })).code).toBe(0)
  })
})

describe('on embedded Postgres', () => {
  /** The advisory lock of `migrate`. */
  const MIGRATION_LOCK = 7_201_842
  const cli = (...args: string[]) => onhandCli(args, { DATABASE_URL: '', DATA_DIR: directory })

  async function holdMigrations(): Promise<{
    home: string
    waited: () => Promise<unknown>
    release: () => void
  }> {
    const embedded = await openEmbeddedPostgres({ dataDir: directory })
    const sql = postgres(embedded.url, { max: 1, onnotice: () => {} })
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    return {
      home: embedded.dataDir,
      /** Afterwards, the waiting process is the only user. */
      async waited() {
        await until(async () => {
          return (await sql`select from pg_locks where locktype = 'advisory' and not granted`).length > 0
        })
        await embedded.stop()
      },
      release: () => void sql.end({ timeout: 0 }),
    }
  }

  const isGone = async (home: string) => (await findPostmaster(home)) === null

  test('commands work with and without a running server, and do not disturb it', async () => {
    server = await startServer({ databaseUrl: null, environment: { DATA_DIR: directory, SEED: 'sample' } })
    for (const args of [['status'], ['migrate'], ['verify'], ['rebuild', 'availability']]) {
      expect(await cli(...args)).toMatchObject({ code: 0, stderr: '' })
    }
    const { gql } = createGraphQLClient(server.url)
    expect(
      (await gql('{ products(first: 3, consistentWith: "latest") { nodes { sku } } }')).products.nodes,
    ).toHaveLength(3)
    expect((await cli('reset', '--yes')).stderr).toContain('Onhand is running on embedded Postgres')
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(await cli('status')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^orders +LIVE/m) })
  })

  test('an interrupted command leaves no Postgres running', async () => {
    const { home, waited, release } = await holdMigrations()
    const migrate = start(['migrate'], { DATABASE_URL: '', DATA_DIR: directory })
    await waited()
    expect(await isGone(home)).toBe(false)
    migrate.kill('SIGINT')
    expect((await migrate.result).code).toBe(1)
    expect(await isGone(home)).toBe(true)
    release()
  })

  test('a server that is stopped while it starts ends at once and leaves no Postgres running', async () => {
    const { home, waited, release } = await holdMigrations()
    const onhand = start(['start'], { DATABASE_URL: '', DATA_DIR: directory, PORT: '0', LOG_LEVEL: 'warn' })
    await waited()
    onhand.kill('SIGTERM')
    expect(await onhand.result).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await isGone(home)).toBe(true)
    release()
  })
})
