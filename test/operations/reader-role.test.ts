/** Migration by database owners with and without the right to create roles. On the run's Postgres and on version 15. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openPool } from '../../src/lib/postgres.ts'
import { forQueries } from '../../src/operations/connections.ts'
import { migrateDatabase } from '../../src/operations/migrate.ts'
import { readerRole } from '../../src/operations/reader-role.ts'
import { onhandCli } from '../support/cli.ts'
import { freePort } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const OLD = '/usr/lib/postgresql/15/bin'

interface Cluster {
  readonly url: string
  readonly stop: () => Promise<void>
}

async function startOldCluster(): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), 'onhand-pg15-'))
  const port = await freePort()
  const account = process.getuid?.() === 0 ? await accountOf('postgres') : null
  if (account !== null) await chown(directory, account.uid, account.gid)
  await chmod(directory, 0o700)
  const options = { ...account, cwd: directory, stdio: 'ignore' as const }
  execFileSync(`${OLD}/initdb`, ['-D', directory, '-U', 'admin', '--auth=trust', '--no-sync'], options)
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off']
  const server: ChildProcess = spawn(
    `${OLD}/postgres`,
    ['-D', directory, '-p', String(port), ...settings],
    options,
  )
  const url = `postgres://admin@127.0.0.1:${port}/postgres`
  await until(async () => {
    const sql = postgres(url, { max: 1, connect_timeout: 2 })
    return sql`select 1`
      .then(
        () => true,
        () => false,
      )
      .finally(() => sql.end())
  })
  return {
    url,
    async stop() {
      server.kill('SIGINT')
      await once(server, 'exit')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function accountOf(name: string): Promise<{ uid: number; gid: number }> {
  const line = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

describe.each([
  {
    version: 'this one',
    runs: true,
    start: async (): Promise<Cluster> => ({ url: inject('postgresUrl'), stop: async () => {} }),
  },
  { version: '15', runs: existsSync(OLD), start: startOldCluster },
])('on Postgres $version', ({ runs, start }) => {
  let cluster: Cluster
  let admin: postgres.Sql
  const made: string[] = []

  beforeAll(async () => {
    if (!runs) return
    cluster = await start()
    admin = postgres(cluster.url, { max: 1, onnotice: () => {} })
  })

  afterAll(async () => {
    if (!runs) return
    for (const name of made) {
      await admin.unsafe(`drop database if exists "${name}" with (force)`)
      await admin.unsafe(`drop role if exists "onhand_reader_${name}"`)
      await admin.unsafe(`drop role if exists "${name}"`)
    }
    await admin.end()
    await cluster.stop()
  })

  /** A database, and its owner of the same name. */
  async function createInstallation(rights: string): Promise<string> {
    const name = `shop-${randomBytes(4).toString('hex')}`
    made.push(name)
    await admin.unsafe(`create role "${name}" login password 'secret' ${rights}`)
    await admin.unsafe(`create database "${name}" owner "${name}"`)
    const url = new URL(cluster.url)
    url.username = name
    url.password = 'secret'
    url.pathname = `/${name}`
    return url.href
  }

  async function canQuery(url: string, statement = 'select * from views.read_progress()'): Promise<boolean> {
    const pool = openPool(forQueries(url), 1)
    try {
      await pool.db.execute(statement)
      return true
    } catch {
      return false
    } finally {
      await pool.close()
    }
  }

  test.skipIf(!runs)(
    'two owners who may create roles migrate a database each, and neither can read the other’s',
    async () => {
      const [one, other] = [await createInstallation('createrole'), await createInstallation('createrole')]
      for (const url of [one, other, one]) await migrateDatabase(url, 1)
      for (const url of [one, other]) {
        expect(await canQuery(url)).toBe(true)
        expect(await canQuery(url, 'select * from views.availability')).toBe(true)
        expect(await canQuery(url, 'select * from stock.events')).toBe(false)
      }
      const stranger = new URL(one)
      stranger.pathname = new URL(other).pathname
      expect(await canQuery(stranger.href)).toBe(false)
    },
  )

  test.skipIf(!runs)(
    'an owner who may not gets the statements for an administrator, and can then migrate',
    async () => {
      const url = await createInstallation('')
      const name = decodeURIComponent(new URL(url).username)
      const role = readerRole(url)
      const statements = [`create role "${role}" nologin;`, `grant "${role}" to "${name}";`]
      const refused = await onhandCli(['migrate'], { DATABASE_URL: url })
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain(statements.join('\n'))
      expect(refused.stderr).not.toMatch(/\n\s+at /)
      expect(await onhandCli(['migrate', '--print-roles'], { DATABASE_URL: url })).toEqual({
        code: 0,
        stdout: `${statements.join('\n')}\n`,
        stderr: '',
      })
      await admin.unsafe(statements[0] as string)
      await expect(migrateDatabase(url, 1)).rejects.toThrow(statements[1])
      await admin.unsafe(statements[1] as string)
      await migrateDatabase(url, 1)
      expect(await canQuery(url)).toBe(true)
      expect((await onhandCli(['migrate', '--print-roles'], { DATABASE_URL: url })).stdout).toMatch(
        /^-- Nothing is missing/,
      )
    },
  )

  test.skipIf(!runs)('a user who may not create schemas gets such statements, too', async () => {
    const url = await createInstallation('createrole')
    const name = decodeURIComponent(new URL(url).username)
    await admin.unsafe(`alter database "${name}" owner to ${new URL(cluster.url).username}`)
    await expect(migrateDatabase(url, 1)).rejects.toThrow(`grant create on database "${name}" to "${name}";`)
  })
})

test('the role of a database with a long name has a valid and unique name', () => {
  const url = (end: string) => `postgres://127.0.0.1/${'x'.repeat(60)}${end}`
  expect(readerRole(url('a')).length).toBeLessThanOrEqual(63)
  expect(readerRole(url('a'))).not.toBe(readerRole(url('b')))
})
