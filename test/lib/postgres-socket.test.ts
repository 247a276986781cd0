/** How a link connects to its server, and what it does while it cannot. */
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { describeConnectionFailure } from '../../src/lib/connection-failure.ts'
import { isUnavailable } from '../../src/lib/postgres-error.ts'
import { openPool, openSession } from '../../src/lib/postgres.ts'
import type { ConnectionMonitor, Pool } from '../../src/lib/postgres.ts'
import { holdLock } from '../support/backends.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { openFlakyLink } from '../support/flaky-link.ts'
import type { FlakyLink } from '../support/flaky-link.ts'
import { pidOf, waitForLock } from '../support/notes.ts'
import { freePort } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

let database: TestDatabase
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  database = await createTestDatabase()
})

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

afterAll(() => database.drop())

function open(url: string, how: 'pool' | 'session', monitor?: ConnectionMonitor): Pool {
  const options = { url, applicationName: 'sockets', ...(monitor && { monitor }) }
  const link = how === 'pool' ? openPool(options, 4) : openSession(options)
  closing.push(() => link.close())
  return link
}

async function flakyLink(): Promise<FlakyLink> {
  const link = await openFlakyLink(database.url)
  closing.push(() => link.close())
  return link
}

/** @returns the error of a statement; null if it succeeds */
const ask = async (link: Pool) =>
  link.db.execute(sql`select 1`).then(
    () => null,
    (error: unknown) => error,
  )

describe.each(['pool', 'session'] as const)('a %s', (how) => {
  test('makes few connections to a server that accepts, reads and closes', async () => {
    const way = await flakyLink()
    way.hangUp()
    const link = open(way.url, how)
    const endsAt = performance.now() + 3000
    let asked = 0
    const asker = async () => {
      while (performance.now() < endsAt) {
        const error = await ask(link)
        expect(isUnavailable(error)).toBe(true)
        expect(describeConnectionFailure(error)).toBe('it closes connections before it answers')
        asked += 1
        await sleep(1)
      }
    }
    await Promise.all(Array.from({ length: 8 }, asker))
    expect(asked).toBeGreaterThan(100)
    expect(way.accepted()).toBeLessThan(20)
    way.recover()
    expect(await until(async () => (await ask(link)) === null)).toBe(true)
  })

  test('fails with the cause while a server accepts but sends nothing', async () => {
    const way = await flakyLink()
    way.goSilent()
    const error = await ask(open(way.url, how))
    expect(isUnavailable(error)).toBe(true)
    expect(describeConnectionFailure(error)).toBe('it does not answer')
  })

  test.each([
    ['nothing listens on the port', async () => `postgres://127.0.0.1:${await freePort()}/x`, 'refused'],
    ['there is no such host', async () => 'postgres://nowhere.invalid/x', /no host|cannot be looked up/],
    [
      'there is no such database',
      async () => replaced('pathname', '/nowhere'),
      'database "nowhere" does not exist',
    ],
    ['the role is unknown', async () => replaced('username', 'nobody'), 'authentication failed'],
    ['the password is wrong', async () => replaced('password', 'wrong'), 'authentication failed'],
    ['it does not support TLS', async () => `${database.url}?sslmode=require`, 'does not support TLS'],
  ])('is unavailable, with the cause, when %s', async (_, url, cause) => {
    const failures: unknown[] = []
    const link = open(await url(), how, { answered() {}, failed: (error) => failures.push(error) })
    // The second time, no connection attempt is made.
    for (let time = 0; time < 2; time += 1) {
      const error = await ask(link)
      expect(isUnavailable(error)).toBe(true)
      expect(describeConnectionFailure(error)).toMatch(cause)
    }
    expect(failures).toHaveLength(2)
  })
})

test('a pool keeps a working connection if another one cannot be made', async () => {
  const way = await flakyLink()
  const pool = open(way.url, 'pool')
  const before = await pidOf(pool)
  const lock = await holdLock(database.sql, 1)
  const waiting = waitForLock(pool, 1)
  await lock.waitedFor()
  way.cutNextConnection()
  expect(isUnavailable(await ask(pool))).toBe(true)
  await lock.release()
  await waiting
  expect(await pidOf(pool)).toBe(before)
})

test('a pool closes a connection on which the server has stopped answering', async () => {
  const way = await flakyLink()
  const pool = openPool({ url: way.url, applicationName: 'sockets', answerTimeoutMs: 300 }, 2)
  closing.push(() => pool.close())
  expect(await ask(pool)).toBe(null)
  way.goSilent()
  expect(isUnavailable(await ask(pool))).toBe(true)
  way.recover()
  expect(await until(async () => (await ask(pool)) === null)).toBe(true)
})

const replaced = (part: 'pathname' | 'username' | 'password', value: string): string => {
  const url = new URL(database.url)
  url[part] = value
  return url.href
}

describe.skipIf(spawnSync('openssl', ['version']).status !== 0)('over TLS', () => {
  let directory: string
  let key: Buffer
  let cert: Buffer
  const names: (string | false | null)[] = []

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'onhand-tls-'))
    const files = ['-keyout', join(directory, 'key'), '-out', join(directory, 'cert')]
    const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes', '-newkey', 'rsa:2048']
    execFileSync('openssl', ['req', '-x509', ...subject, ...files], { stdio: 'ignore' })
    key = await readFile(join(directory, 'key'))
    cert = await readFile(join(directory, 'cert'))
  })

  afterAll(() => rm(directory, { recursive: true, force: true }))

  /** Terminates TLS, as managed databases do, in front of a Postgres without TLS. */
  async function openTlsProxy(): Promise<string> {
    const { hostname, port } = new URL(database.url)
    const links = new Set<Socket>()
    const server: Server = createServer((client) => {
      links.add(client.on('error', () => {}))
      client.once('data', () => {
        client.write('S')
        const secured = new TLSSocket(client, { isServer: true, key, cert })
        secured.on('secure', () =>
          names.push((secured as unknown as { servername: string | false }).servername),
        )
        const upstream = connect(Number(port), hostname)
        links.add(upstream)
        for (const socket of [secured, upstream]) socket.on('error', () => {})
        secured.pipe(upstream).pipe(secured)
      })
    }).listen(0, 'localhost')
    await once(server, 'listening')
    closing.push(async () => {
      for (const socket of links) socket.destroy()
      server.close()
    })
    const url = new URL(database.url)
    url.host = `localhost:${(server.address() as AddressInfo).port}`
    return url.href
  }

  test.each(['pool', 'session'] as const)('a %s sends the host name to the server', async (how) => {
    names.length = 0
    expect(await ask(open(`${await openTlsProxy()}?sslmode=require`, how))).toBe(null)
    expect(names).toEqual(['localhost'])
  })

  test('a self-signed certificate is rejected if the URL asks for verification', async () => {
    const error = await ask(open(`${await openTlsProxy()}?sslmode=verify-full`, 'session'))
    expect(isUnavailable(error)).toBe(true)
    expect(describeConnectionFailure(error)).toMatch('self-signed certificate')
  })
})
