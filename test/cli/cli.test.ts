/** The command line, as people and scripts use it. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { onhandCli } from '../support/cli.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { freePort } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onhand-cli-'))
})

afterAll(() => rm(directory, { recursive: true, force: true }))

async function write(name: string, ...lines: string[]): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, `${lines.join('\n')}\n`)
  return path
}

describe('a mistake is answered with advice and exit code 1', () => {
  test.each([
    { args: [], says: 'onhand: No command was given. `onhand --help` lists the commands.' },
    { args: ['frobnicate'], says: 'There is no command frobnicate. `onhand --help` lists the commands.' },
    { args: ['toString'], says: 'onhand: There is no command toString.' },
    { args: ['--frobnicate', 'status'], says: 'onhand: There is no option --frobnicate.' },
    {
      args: ['status', '--colour'],
      says: 'onhand: There is no option --colour. `onhand status --help` lists the options.',
    },
    { args: ['status', '-x'], says: 'onhand: There is no option -x.' },
    { args: ['replay'], says: 'argument: FILE. `onhand replay --help` lists its arguments and options.' },
    { args: ['skip', 'orders', 'five'], says: '"five" is not an event; it must be partition:position' },
    { args: ['rebuild'], says: 'onhand: Name one projection, or pass --all.' },
    { args: ['rebuild', 'orders', '--all'], says: 'onhand: Name one projection, or pass --all.' },
    { args: ['migrate', 'now'], says: 'onhand: "now" is one argument too many.' },
    {
      args: ['rebuild', 'everything'],
      says: 'onhand: There is no projection everything. The projections are availability',
    },
    { args: ['replay', 'missing.csv'], says: 'onhand: missing.csv cannot be read' },
    {
      args: ['replay', 'x.csv', '--concurrency', 'many'],
      says: '--concurrency is "many"; it must be a whole number',
    },
    {
      args: ['import', 'x.csv', '--url', 'localhost'],
      says: '--url is "localhost"; it must be like http://',
    },
    {
      args: ['start'],
      env: { PORT: 'x', ROLES: 'cook', LOG_LEVEL: 'loud' },
      says: 'PORT=x: must be a whole number',
    },
  ])('onhand $args', async ({ args, env, says }) => {
    const { code, stdout, stderr } = await onhandCli(args, env)
    expect(stderr).toContain(says)
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(code).toBe(1)
  })

  test('one message names all mistakes of the environment', async () => {
    const { stderr } = await onhandCli(['start'], { PORT: 'x', ROLES: 'cook', PARTITIONS: '0' })
    for (const name of ['PORT=x', 'ROLES=cook', 'PARTITIONS=0']) expect(stderr).toContain(name)
  })

  test.each(['status', 'migrate', 'start'])(
    'an unreachable database is reported without its password: %s',
    async (name) => {
      const { code, stderr } = await onhandCli([name], {
        DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/x',
      })
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr:
          'onhand: Postgres at 127.0.0.1:1/x cannot be reached: the connection was refused: nothing listens there.\n',
      })
    },
  )

  test.each([
    [
      'a wrong password',
      ({ host }: URL) => `postgres://onhand:wrong@${host}/onhand`,
      /reports: password authentication failed/,
    ],
    ['no TLS', ({ href }: URL) => `${href}?sslmode=require`, /cannot be reached: it does not support TLS/],
    [
      'an unknown host',
      () => 'postgres://me:secret@nowhere.invalid/x',
      /cannot be reached: (there is no host|the name of the host)/,
    ],
  ])('a failed login is reported with its cause: %s', async (_, urlOf, says) => {
    const DATABASE_URL = urlOf(new URL(inject('postgresUrl')))
    for (const name of ['status', 'start']) {
      const { code, stderr } = await onhandCli([name], { DATABASE_URL })
      expect(stderr).toMatch(says)
      expect(stderr).not.toMatch(/secret|wrong|\n\s+at /)
      expect(code).toBe(1)
    }
  })

  test.each(['status', 'migrate', 'start'])(
    'a missing database is reported without SQL: %s',
    async (name) => {
      const url = new URL(inject('postgresUrl'))
      url.pathname = '/nowhere'
      const { code, stderr } = await onhandCli([name], { DATABASE_URL: url.href })
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `onhand: Postgres at ${url.host}/nowhere reports: database "nowhere" does not exist\n`,
      })
    },
  )
})

test('--help lists the commands and options, --version prints the version', async () => {
  const help = await onhandCli(['--help'])
  expect(help.code).toBe(0)
  for (const name of ['start', 'migrate', 'seed', 'import', 'replay', 'rebuild', 'status', 'verify']) {
    expect(help.stdout).toContain(name)
  }
  expect((await onhandCli(['replay', '--help'])).stdout).toContain('--concurrency')
  expect((await onhandCli(['help'])).stdout).toBe(help.stdout)
  expect((await onhandCli(['help', 'replay'])).stdout).toContain('--concurrency')
  expect((await onhandCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test('variables that the environment does not set are read from .env', async () => {
  await write('.env', 'DATABASE_URL=postgres://127.0.0.1:1/from-file', 'PORT=nonsense')
  const { stderr } = await onhandCli(['status'], { PORT: '1' }, directory)
  expect(stderr).toContain('onhand: Postgres at 127.0.0.1:1/from-file cannot be reached: ')
  await rm(join(directory, '.env'))
})

test.each([['status'], ['verify'], ['rebuild', '--all'], ['reset', '--yes']])(
  'a mistyped DATA_DIR is reported, and no database is created there: %s',
  async (...args) => {
    const DATA_DIR = join(directory, 'mistyped')
    const { code, stdout, stderr } = await onhandCli(args, { DATABASE_URL: '', DATA_DIR })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(`There is no database in ${DATA_DIR}. Set DATA_DIR`)
    expect(await readdir(directory)).not.toContain('mistyped')
  },
)

test('a data directory that cannot be created is reported with the reason', async () => {
  const file = await write('a-file', 'not a directory')
  const { code, stderr } = await onhandCli(['migrate'], { DATABASE_URL: '', DATA_DIR: join(file, 'data') })
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining(
      `cannot be kept in ${join(file, 'data')}: a part of it is a file. Set DATA_DIR`,
    ),
  })
})

describe('on a database', () => {
  let database: TestDatabase
  const cli = (...args: string[]) => onhandCli(args, { DATABASE_URL: database.url })

  beforeEach(async () => {
    database = await createTestDatabase()
  })

  afterEach(() => database.drop())

  test('seed, status, verify and rebuild work on a new database', async () => {
    expect(await cli('seed')).toMatchObject({ code: 0, stdout: 'Loaded 59 products and 138 orders.\n' })
    expect(await cli('seed')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The log is not empty'),
    })
    const status = await cli('status')
    expect(status).toMatchObject({ code: 0 })
    expect(status.stdout).toMatch(/^availability +(CATCHING_UP|LIVE) +0 +\d+/m)
    const verified = await cli('verify')
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('All checks passed.') })
    const rebuilt = await cli('rebuild', '--all')
    expect(rebuilt).toMatchObject({ code: 0 })
    expect(rebuilt.stdout.match(/same as before/g)).toHaveLength(4)
  })

  test('verify finds a row that was changed in the database', async () => {
    await cli('seed')
    await database.sql`update stock.batches set allocated = 0 where reference in
      (select reference from stock.batches where allocated > 0 limit 1)`
    const { code, stdout } = await cli('verify')
    expect(stdout).toContain('✗ Batches match the log.')
    expect(code).toBe(1)
  })

  test('rebuild replaces a projection that differs from the log only if the operator accepts that', async () => {
    const onhand = await startTestOnhand({ database })
    await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 10 })
    await onhand.gql('{ product(sku: "lamp", consistentWith: "latest") { available } }')
    await database.sql`update views.availability set available = 99`
    expect(await cli('rebuild', 'availability')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('They differ'),
    })
    expect((await onhand.gql('{ product(sku: "lamp") { available } }')).product.available).toBe(99)
    expect(await cli('rebuild', 'availability', '--accept-differences')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('different from before'),
    })
    expect((await onhand.gql('{ product(sku: "lamp") { available } }')).product.available).toBe(10)
    await onhand.close()
  })

  test('migrate can be repeated; reset needs --yes and no running server, and deletes all data', async () => {
    await cli('seed')
    expect(await cli('migrate')).toMatchObject({ code: 0, stdout: expect.stringContaining('is up to date.') })
    expect(await cli('reset')).toMatchObject({ code: 1, stderr: expect.stringContaining('Pass --yes') })
    const production = { DATABASE_URL: database.url, NODE_ENV: 'production' }
    expect(await onhandCli(['reset', '--yes'], production)).toMatchObject({ code: 1 })
    const onhand = await startTestOnhand({ database })
    expect(await cli('reset', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Onhand is running on'),
    })
    await onhand.close()
    expect(await database.sql`select from stock.events limit 1`).toHaveLength(1)
    expect(await cli('reset', '--yes')).toMatchObject({ code: 0 })
    expect(await database.sql`select from stock.events limit 1`).toHaveLength(0)
  })

  test('new-epoch and reset invalidate all tokens, also those of a running server', async () => {
    const epoch = async () =>
      (await database.sql`select epoch from stock.installation`)[0]?.['epoch'] as string
    const onhand = await startTestOnhand({ database })
    const { token } = await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 10 })
    const before = await epoch()
    expect(token).toBe(`${before}.0:1`)
    expect(await cli('new-epoch')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`of epoch ${before} are invalid`),
    })
    const query = `{ product(sku: "lamp", consistentWith: "${token}") { available } }`
    await until(async () => (await onhand.ask(query)).errors?.[0]?.extensions.code === 'LOG_REPLACED')
    await onhand.close()
    const renewed = await epoch()
    expect(await cli('reset', '--yes')).toMatchObject({ code: 0 })
    expect(new Set([before, renewed, await epoch()]).size).toBe(3)
  })

  test('for a database without tables, the message names `onhand migrate`', async () => {
    await database.sql`drop schema views cascade`
    expect(await cli('status')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Run `onhand migrate`'),
    })
  })

  test('a port in use is reported, and the program ends', async () => {
    const onhand = await startTestOnhand()
    const { port } = new URL(onhand.url)
    const { code, stderr } = await onhandCli(['start'], {
      DATABASE_URL: database.url,
      PORT: port,
      LOG_LEVEL: 'fatal',
    })
    await onhand.close()
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `Port ${port} is in use. Stop the program that listens on it, or set PORT`,
      ),
    })
  })

  test('a HOST that is not an address of the machine is reported, and the program ends', async () => {
    const { code, stderr } = await onhandCli(['start'], {
      DATABASE_URL: database.url,
      PORT: '0',
      HOST: '192.0.2.1',
      LOG_LEVEL: 'fatal',
    })
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('HOST is 192.0.2.1') })
  })
})

describe('skip', () => {
  test('lets a stopped projection continue', async () => {
    const onhand = await startTestOnhand()
    const cli = (...args: string[]) => onhandCli(args, { DATABASE_URL: onhand.database.url })
    await createBatch(onhand, { reference: 'b', sku: 'lamp', quantity: 10 })
    const orders = async () => {
      const { projections } = await onhand.gql('{ projections { name status position } }')
      return projections.find(({ name }: { name: string }) => name === 'orders')
    }
    await until(async () => (await orders()).position === '1')
    expect((await cli('skip', 'orders', '0:2')).stderr).toContain('has not stopped at 0:2')
    // An event type of a future release.
    await onhand.database.sql`
      insert into stock.events select (jsonb_populate_record(null::stock.events, to_jsonb(e) || jsonb_build_object(
        'position', 2, 'type', 'LineTeleported'))).* from stock.events e where e.position = 1`
    await until(async () => (await orders()).status === 'STOPPED')
    expect((await cli('status')).code).toBe(1)
    expect((await cli('skip', 'orders', '0:2')).stderr).toContain('Pass --yes')
    expect(await cli('skip', 'orders', '0:2', '--yes')).toMatchObject({ code: 0 })
    await until(async () => (await orders()).status === 'LIVE')
    await onhand.close()
  })
})

describe('with a running server', () => {
  let onhand: TestOnhand
  const cli = (...args: string[]) => onhandCli([...args, '--url', `${onhand.url}/graphql`])

  beforeEach(async () => {
    onhand = await startTestOnhand()
  })

  afterEach(() => onhand.close())

  test('import creates each batch once, and reports the wrong lines', async () => {
    const file = await write(
      'batches.csv',
      'reference,sku,quantity,eta',
      'b1,lamp,10,',
      'b2,lamp,20,2030-05-01',
      'b3,table,-4,',
      'b4,chair,five,',
      'b5,chair,5,2030-02-30',
      'b1,chair,7,',
      'b6,chair,7',
      '#7,lamp #2,1,',
    )
    const rejected = '5 rejected: 4 BAD_USER_INPUT, 1 BATCH_REFERENCE_TAKEN.\n'
    const first = await cli('import', file, '--concurrency', '1')
    expect(first).toMatchObject({ code: 1, stdout: `3 batches created, 0 already existed, ${rejected}` })
    expect(first.stderr.match(/^line \d+/gm)).toEqual([4, 5, 6, 7, 8].map((line) => `line ${line}`))
    expect((await cli('import', file)).stdout).toBe(`0 batches created, 3 already existed, ${rejected}`)
    const { product } = await onhand.gql(
      '{ product(sku: "lamp", consistentWith: "latest") { onHand incoming } }',
    )
    expect(product).toEqual({ onHand: 10, incoming: 20 })
  })

  const ORDERS = [
    'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,Country',
    '1,LAMP,a lamp,6,2010-12-01 08:26:00,2.55,UK',
    '1,LAMP,the same again,4,2010-12-01 08:26:00,2.55,UK',
    '1,TABLE,"a ""good"" table",2,2010-12-01 08:26:00,2.55,UK',
    '2,LAMP,,8,2010-12-01 08:27:00,2.55,UK',
    'C3,LAMP,cancels 6,-6,2010-12-01 08:28:00,2.55,UK',
    '4,LAMP,damaged,-3,2010-12-01 08:29:00,0,UK',
    '5,LAMP,,1,2010-12-01 08:30:00,2.55,UK',
    'C6,TABLE,cancels nothing,-99,2010-12-01 08:31:00,2.55,UK',
    '7,,no product,5,2010-12-01 08:31:00,2.55,UK',
    '8,TABLE,more than there can be,3000000000,2010-12-01 08:31:00,2.55,UK',
    '9,TABLE,cut',
  ]

  test('replay plays orders, cancellations and write-offs, checks the result, and changes nothing when it is repeated', async () => {
    const file = await write('orders.csv', ...ORDERS)
    const first = await cli('replay', file, '--stock', '12')
    expect(first.stdout).toContain('9 commands in ')
    expect(first.stdout).toContain('Every answer and 2 products with all their order lines are as expected.')
    expect(first.stdout).toContain('Rejected: 1 OUT_OF_STOCK.')
    expect(first.stderr).toContain('line 9 is skipped: no line of 99 units')
    for (const line of [10, 11, 12]) expect(first.stderr).toContain(`line ${line} is skipped: `)
    expect(first.code).toBe(0)
    const state = `{
      product(sku: "LAMP", consistentWith: "latest") { onHand allocated available version }
      again: order(id: "1/2") { lines { sku quantity status } } }`
    const after = await onhand.gql(state)
    // 12 − 3 written off. The lines of 4 and 1 remain: the line of 6 was cancelled, that of 8 was rejected.
    expect(after).toMatchObject({
      product: { onHand: 9, allocated: 5, available: 4 },
      again: { lines: [{ sku: 'LAMP', quantity: 4, status: 'ALLOCATED' }] },
    })
    const second = await cli('replay', file, '--stock', '12')
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('Already answered: 9.') })
    expect(await onhand.gql(state)).toEqual(after)
  })

  test('replay checks orders with more lines than one answer may have', async () => {
    const lines = Array.from({ length: 1050 }, (_, at) => `1,P${at},,1,2010-12-01 08:26:00,2.55,UK`)
    const { code, stdout } = await cli('replay', await write('orders.csv', ORDERS[0] as string, ...lines))
    expect(stdout).toContain('Every answer and 1050 products with all their order lines are as expected.')
    expect(code).toBe(0)
  })

  test('replay finds differences in answers and in projections', async () => {
    const file = await write('orders.csv', ...ORDERS)
    expect((await cli('replay', file)).code).toBe(0)
    await onhand.database.sql`update views.availability set allocated = allocated + 1 where sku = 'TABLE'`
    await onhand.database.sql`delete from views.orders where order_id = '5'`
    const planted = await cli('replay', file)
    expect(planted.stdout).toContain('✗ product TABLE is')
    expect(planted.stdout).toContain('✗ order 5 is [], expected [{"sku":"LAMP"')
    expect(planted.stdout).toContain('2 differences.')
    expect(planted.code).toBe(1)

    await createBatch(onhand, { reference: 'before', sku: 'x-LAMP', quantity: 1 })
    await allocate(onhand, { orderId: 'before', sku: 'x-LAMP', quantity: 1 })
    const { code, stdout } = await cli('replay', file, '--prefix', 'x-')
    expect(stdout).toContain('✗ product x-LAMP is')
    expect(code).toBe(1)
  })

  test('replay can be limited, continued, and repeated with a prefix', async () => {
    const file = await write('orders.csv', ...ORDERS)
    expect((await cli('replay', file, '--limit', '1')).stdout).toContain('2 commands')
    expect(await cli('replay', file)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Already answered: 2.'),
    })
    // After a longer run, the products cannot be compared, which is not an error.
    const shorter = await cli('replay', file, '--limit', '1')
    expect(shorter).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 products were not compared'),
    })
    expect(shorter.stdout).toContain('--prefix')
    await writeFile(`${file}.gz`, gzipSync(await readFile(file)))
    expect((await cli('replay', `${file}.gz`, '--prefix', 'again-')).code).toBe(0)
    const { batch } = await onhand.gql('{ batch(reference: "again-opening-TABLE") { sku } }')
    expect(batch).toEqual({ sku: 'again-TABLE' })
  })

  test('an address that is not a GraphQL endpoint is reported', async () => {
    const file = await write('batches.csv', 'reference,sku,quantity,eta', 'b1,lamp,10,')
    const { code, stderr } = await onhandCli(['import', file, '--url', `${onhand.url}/healthz`])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('/healthz is not a GraphQL address: it answers HTTP 404'),
    })
  })
})

test('import does not require the column eta, and uses PORT, also from .env', async () => {
  const onhand = await startTestOnhand()
  const file = await write('batches.csv', 'reference,sku,quantity', 'b1,lamp,10')
  await write('.env', `PORT=${new URL(onhand.url).port}`)
  expect(await onhandCli(['import', file], {}, directory)).toMatchObject({
    code: 0,
    stdout: '1 batches created, 0 already existed, 0 rejected.\n',
  })
  await rm(join(directory, '.env'))
  await onhand.close()
})

test('import stops at once if there is no server', async () => {
  const file = await write('batches.csv', 'reference,sku,quantity,eta', 'b1,lamp,10,', 'b2,lamp,10,')
  const url = `http://127.0.0.1:${await freePort()}/graphql`
  const { code, stderr } = await onhandCli(['import', file, '--url', url])
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining(`No server answers at ${url}`),
  })
  expect(stderr).not.toContain('line ')
})
