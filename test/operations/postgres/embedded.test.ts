import { spawn, spawnSync } from 'node:child_process'
import { appendFile, chmod, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { logFileOf } from '../../../src/operations/postgres/place.ts'
import { cleanUp, eventually, exited, isRoot, isServed, leaveAll, NOBODY } from './helpers.ts'
import { nobodyCanRunTests, open, postmasterOf, query, runScript } from './helpers.ts'
import { spawnUser, startUser, temporaryDirectory } from './helpers.ts'

describe.skipIf(process.platform === 'win32')('embedded Postgres', () => {
  let home = ''
  beforeAll(async () => {
    home = join(await temporaryDirectory(), 'data')
  })
  afterEach(leaveAll)
  afterAll(cleanUp)

  it('creates a database on the first start', async () => {
    const embedded = await open(home)
    expect(embedded).toMatchObject({ started: true, dataDir: home })
    const settings = await query(
      embedded.url,
      `select name, setting from pg_settings where name = any(array[
      'data_checksums', 'fsync', 'full_page_writes', 'jit', 'listen_addresses', 'max_connections', 'server_encoding',
      'synchronous_commit', 'unix_socket_directories'])`,
    )
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      data_checksums: 'on',
      fsync: 'on',
      full_page_writes: 'on',
      jit: 'off',
      listen_addresses: '127.0.0.1',
      max_connections: '200',
      server_encoding: 'UTF8',
      synchronous_commit: 'on',
      unix_socket_directories: '',
    })
    const [database] = await query(
      embedded.url,
      'select datname, datlocale from pg_database where datname = current_database()',
    )
    expect(database).toEqual({ datname: 'onhand', datlocale: 'C.UTF-8' })
    await query(embedded.url, `create table kept as select 'data' as content`)
  })

  it('rejects connections without the password, and from other machines', async () => {
    const { url, dataDir } = await open(home)
    const wrong = new URL(url)
    wrong.password = 'wrong'
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    for (const name of ['postgres.password', 'postgres.log']) {
      expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600)
    }
    if (process.platform === 'linux')
      await expect(reach('127.0.0.2', Number(wrong.port))).rejects.toThrow('ECONNREFUSED')
  })

  it('finds its data on the next start', async () => {
    expect(await query((await open(home)).url, 'select content from kept')).toEqual([{ content: 'data' }])
  })

  it('is stopped only by the last user that leaves', async () => {
    const [first, second] = [await open(home), await open(home)]
    const other = await spawnUser(home)
    expect([first.started, second.started, other.started]).toEqual([true, false, false])
    expect(new Set([first.url, second.url, other.url]).size).toBe(1)
    await Promise.all([first.stop(), first.stop(), second.stop()])
    expect(await query(other.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await other.leave()
    expect(await isServed(home)).toBe(false)
  })

  it('survives kill -9 of Node, and is taken over by the next process', async () => {
    const user = await spawnUser(home)
    await query(user.url, 'create table written as select 1 as by_a_killed_process')
    const { pid } = await postmasterOf(home)
    await user.kill()
    const began = performance.now()
    const embedded = await open(home)
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(embedded).toMatchObject({ started: false, url: user.url })
    expect((await postmasterOf(home)).pid).toBe(pid)
    expect(await query(embedded.url, 'select * from written')).toEqual([{ by_a_killed_process: 1 }])
    // The killed user does not count.
    await embedded.stop()
    expect(await isServed(home)).toBe(false)
  })

  it('is not reached by Ctrl-C', async () => {
    const user = await spawnUser(home)
    const { pid } = await postmasterOf(home)
    await user.kill('SIGINT')
    expect(await query(user.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect((await postmasterOf(home)).pid).toBe(pid)
  })

  it.each(['starts', 'takes over'])(
    'does not keep a process running that %s it and has finished',
    async (how) => {
      if (how === 'takes over') await (await spawnUser(home)).kill()
      const script = `import { openEmbeddedPostgres } from './src/operations/postgres/embedded.ts'
      console.log((await openEmbeddedPostgres({ dataDir: process.argv[1] })).started)`
      const run = runScript(script, [home])
      expect(run).toMatchObject({ status: 0, stdout: `${how === 'starts'}\n` })
      expect(await isServed(home)).toBe(true)
    },
  )

  it('restarts on the same port when the postmaster of its starter is killed', async () => {
    const { url } = await open(home)
    await query(url, 'create table lost_nothing as select 1 as one')
    await killPostmaster()
    expect(await eventually(() => query(url, 'select * from lost_nothing'))).toEqual([{ one: 1 }])
  })

  it('restarts once when its postmaster is killed while several processes use it', async () => {
    await (await spawnUser(home)).kill()
    const [embedded, other] = [await open(home), await spawnUser(home)]
    expect([embedded.started, other.started]).toEqual([false, false])
    for (const round of [1, 2]) {
      await killPostmaster()
      expect(await eventually(() => query(embedded.url, `select ${round} as round`))).toEqual([{ round }])
    }
    await embedded.stop()
    expect(await query(other.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await other.leave()
    expect(await isServed(home)).toBe(false)
  })

  it('starts after kill -9 of the postmaster, once its orphans have released the memory', async () => {
    const user = await spawnUser(home)
    const orphan = query(
      user.url,
      `do $$ declare until timestamptz := clock_timestamp() + interval '1.5 s';
       begin while clock_timestamp() < until loop end loop; end $$`,
    ).catch(() => {})
    await eventually(async () => {
      const busy = await query(
        user.url,
        `select 1 from pg_stat_activity where query like 'do $$%' and state = 'active'`,
      )
      return busy.length > 0 ? true : null
    })
    await user.kill()
    await killPostmaster()
    const embedded = await open(home)
    expect(embedded.started).toBe(true)
    expect(await readFile(logFileOf(home), 'utf8')).toContain('still in use')
    await orphan
  })

  it.each(['the pid of another program', 'nothing'])('starts if postmaster.pid contains %s', async (what) => {
    const { uid, gid } = await stat(join(home, 'postgres'))
    // The program has the same account, because Postgres ignores other accounts.
    const stranger = spawn('sleep', ['60'], isRoot ? { uid, gid } : {})
    try {
      const content =
        what === 'nothing' ? '' : `${stranger.pid}\n${home}/postgres\n1\n5432\n\n127.0.0.1\n0 0\nready   \n`
      await writeFile(join(home, 'postgres', 'postmaster.pid'), content)
      expect((await open(home)).started).toBe(true)
    } finally {
      stranger.kill('SIGKILL')
      await exited(stranger)
    }
  })

  it('does not wait for a lock whose holder’s pid is now another process', async () => {
    await writeFile(
      join(home, 'postgres.lock'),
      `${process.pid}:1:another-boot 00000000-0000-0000-0000-000000000000`,
    )
    expect((await open(home)).started).toBe(true)
  })

  it('shows the end of the log if Postgres does not start', async () => {
    const file = join(home, 'postgres', 'postgresql.conf')
    const before = await readFile(file)
    await appendFile(file, '\nnonsense = 1\n')
    const opening = open(home)
    await expect(opening).rejects.toThrow('unrecognized configuration parameter "nonsense"')
    await expect(opening).rejects.toThrow(logFileOf(home))
    await writeFile(file, before)
  })

  it('rejects a cluster of another major version with advice', async () => {
    const file = join(home, 'postgres', 'PG_VERSION')
    const before = await readFile(file)
    await writeFile(file, '12\n')
    await expect(open(home)).rejects.toThrow(
      /created by Postgres 12, but this release of Onhand includes Postgres 18.*DATABASE_URL/,
    )
    await writeFile(file, before)
  })

  it('is started once by two processes that open it at the same time', async () => {
    const fresh = await temporaryDirectory()
    const users = await Promise.all([spawnUser(fresh), spawnUser(fresh)])
    expect(users.filter(({ started }) => started)).toHaveLength(1)
    for (const { url } of users) expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    await Promise.all(users.map((user) => user.leave()))
    expect(await isServed(fresh)).toBe(false)
  })

  it('starts after a first start that was killed half-way', async () => {
    const fresh = await temporaryDirectory()
    await mkdir(join(fresh, 'postgres', 'base'), { recursive: true })
    const drafts = async () => (await readdir(fresh)).filter((name) => name.startsWith('postgres.new-'))
    const user = startUser(fresh)
    await eventually(async () => {
      const [draft] = await drafts()
      return draft !== undefined && (await readdir(join(fresh, draft))).includes('base') ? true : null
    })
    user.kill('SIGKILL')
    await exited(user)
    expect(await query((await open(fresh)).url, 'select 1 as one')).toEqual([{ one: 1 }])
    // The initdb of the killed process may have continued to write for a moment.
    await eventually(async () => {
      await open(fresh)
      return (await drafts()).length === 0 ? true : null
    })
  })

  describe.skipIf(!isRoot)('started by root', () => {
    it('runs as another account', async () => {
      await open(home)
      expect((await stat(`/proc/${(await postmasterOf(home)).pid}`)).uid).not.toBe(0)
    })

    it('keeps its data elsewhere and leaves a note if that account has no access', async () => {
      const parent = await temporaryDirectory()
      await chmod(parent, 0o700)
      const asked = join(parent, 'data')
      const first = await open(asked)
      expect(first.dataDir).toMatch(/^\/var\/lib\/onhand\/[0-9a-f]{16}$/)
      expect(await readFile(join(asked, 'postgres-is-elsewhere.txt'), 'utf8')).toContain(first.dataDir)
      expect((await stat(parent)).mode & 0o777).toBe(0o700)
      await query(first.url, 'create table kept as select 1 as one')
      await first.stop()
      // The data elsewhere stays in use even if the account gets access later.
      await chmod(parent, 0o755)
      const second = await open(asked)
      expect(second.dataDir).toBe(first.dataDir)
      expect(await query(second.url, 'select * from kept')).toEqual([{ one: 1 }])
      await second.stop()
      const moved = join(await temporaryDirectory(), 'moved')
      await cp(asked, moved, { recursive: true })
      await expect(open(moved)).rejects.toThrow('has been moved or copied')
    })

    it.skipIf(!nobodyCanRunTests)(
      'and by others: runs as the account that created the database',
      async () => {
        const owned = await temporaryDirectory()
        spawnSync('chown', [`${NOBODY.uid}:${NOBODY.gid}`, owned])
        const user = await spawnUser(owned, NOBODY)
        expect(user).toMatchObject({ started: true, dataDir: owned })
        expect((await stat(`/proc/${(await postmasterOf(owned)).pid}`)).uid).toBe(NOBODY.uid)
        await query(user.url, 'create table kept as select 1 as one')
        await user.leave()
        expect(await isServed(owned)).toBe(false)
        const embedded = await open(owned)
        expect((await stat(`/proc/${(await postmasterOf(owned)).pid}`)).uid).toBe(NOBODY.uid)
        expect(await query(embedded.url, 'select * from kept')).toEqual([{ one: 1 }])
      },
    )
  })

  it.skipIf(!nobodyCanRunTests)('reports a database that belongs to another account', async () => {
    await open(home)
    const script = `import { openEmbeddedPostgres } from './src/operations/postgres/embedded.ts'
      await openEmbeddedPostgres({ dataDir: process.argv[1] })`
    const run = runScript(script, [home], NOBODY)
    expect(run.stderr).toContain('belongs to the account with uid')
  })

  async function killPostmaster(): Promise<void> {
    const { pid } = await postmasterOf(home)
    process.kill(pid, 'SIGKILL')
    await eventually(async () => ((await isServedBy(pid)) ? null : true))
  }

  const isServedBy = async (pid: number): Promise<boolean> =>
    (await postmasterOf(home).catch(() => null))?.pid === pid
})

/** @throws ECONNREFUSED */
function reach(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(void socket.destroy()))
    socket.once('error', reject)
  })
}
