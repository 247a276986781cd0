/** One execution serves all subscribers with the same operation, without a difference that they can see. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LiveSocket } from '../support/live-socket.ts'
import { readMetric } from '../support/metrics.ts'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'

let onhand: TestOnhand
let sockets: LiveSocket[]
let sku: string
let tests = 0
let orders = 0

beforeAll(async () => {
  onhand = await startTestOnhand()
})

afterAll(() => onhand.close())

beforeEach(async () => {
  sockets = []
  tests += 1
  sku = `lamp-${tests}`
  await createBatch(onhand, { reference: `batch-${tests}`, sku, quantity: 1000 })
})

afterEach(async () => {
  for (const socket of sockets) await socket.close()
})

async function connect(): Promise<LiveSocket> {
  const socket = await LiveSocket.open(onhand.url)
  sockets.push(socket)
  return socket
}

const count = (name: string) => readMetric(onhand.url, name)

const buyOne = async () => {
  orders += 1
  return allocate(onhand, { orderId: `order-${orders}`, sku, quantity: 1 })
}

/** Subscribes once with each document and counts the executions for one change. */
async function executionsOfAChange(asked: readonly [query: string, variables?: object][]): Promise<number> {
  const socket = await connect()
  for (const [at, [query, variables]] of asked.entries()) {
    socket.subscribe(String(at), query, { variables })
    await until(() => socket.results(String(at)).length === 1)
  }
  const before = await count('onhand_executions_total')
  await buyOne()
  await until(() => asked.every((_, at) => socket.results(String(at)).length === 2))
  const [first, ...others] = asked.map((_, at) => socket.results(String(at)).at(-1))
  for (const other of others) expect(other).toEqual(first)
  return (await count('onhand_executions_total')) - before
}

describe('one execution serves', () => {
  test('any number of sockets and operations', async () => {
    const query = `subscription { availabilityChanged(skus: ["${sku}"]) { sku available } }`
    const clients = await Promise.all(Array.from({ length: 20 }, connect))
    for (const client of clients) client.subscribe('a', query)
    await until(() => clients.every((client) => client.results('a').length === 1))
    const before = await count('onhand_executions_total')
    await buyOne()
    await until(() => clients.every((client) => client.results('a').length === 2))
    expect((await count('onhand_executions_total')) - before).toBe(1)
    expect(clients.map((client) => client.results('a').at(-1)?.data.availabilityChanged.available)).toEqual(
      Array(20).fill(999),
    )
  })

  test('documents with different layout, comments, names, defaults and variables', async () => {
    const executions = await executionsOfAChange([
      [`subscription { availabilityChanged(skus: ["${sku}"]) { sku earliestDate(quantity: 2) { now } } }`],
      [
        `subscription Named  {
          # a comment
          availabilityChanged(skus: ["${sku}"]) { sku, earliestDate(quantity: 2) { now } } }`,
      ],
      [
        `subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { sku earliestDate(quantity: 2) { now } } }`,
        { skus: [sku] },
      ],
      [
        `subscription ($skus: [ID!]! = ["${sku}"]) {
          availabilityChanged(skus: $skus) { sku earliestDate(quantity: 2) { now } } }`,
      ],
    ])
    expect(executions).toBe(1)
  })

  test('variables within the selection that have the same values', async () => {
    const query = `subscription ($n: PositiveInt! = 2, $more: Boolean!) {
      availabilityChanged(skus: ["${sku}"]) { sku earliestDate(quantity: $n) { now } available @include(if: $more) } }`
    expect(
      await executionsOfAChange([
        [query, { more: true }],
        [query, { n: 2, more: true }],
      ]),
    ).toBe(1)
  })

  test('fragments', async () => {
    const query = (name: string) => `
      subscription ${name} { availabilityChanged(skus: ["${sku}"]) { ...Stock } }
      fragment Stock on Product { sku batches { ...Batch } } fragment Batch on Batch { reference available }`
    expect(await executionsOfAChange([[query('A')], [query('B')]])).toBe(1)
  })
})

test('different operations are executed separately: @include, @skip, aliases, variables', async () => {
  const socket = await connect()
  const query = `subscription ($yes: Boolean!, $n: PositiveInt!) { availabilityChanged(skus: ["${sku}"]) {
    sku available @include(if: $yes) onHand @skip(if: $yes) earliestDate(quantity: $n) { now } } }`
  socket.subscribe('yes', query, { variables: { yes: true, n: 1 } })
  socket.subscribe('no', query, { variables: { yes: false, n: 1 } })
  socket.subscribe('many', query, { variables: { yes: false, n: 5000 } })
  await buyOne()
  const last = (id: string) => socket.results(id).at(-1)?.data.availabilityChanged
  await until(() => last('yes')?.available === 999)
  await until(() => ['no', 'many'].every((id) => socket.results(id).length > 0))
  expect(last('yes')).toEqual({ sku, available: 999, earliestDate: { now: true } })
  expect(last('no')).toEqual({ sku, onHand: 1000, earliestDate: { now: true } })
  expect(last('many')).toEqual({ sku, onHand: 1000, earliestDate: null })
})

test('other members are not affected when the first member leaves', async () => {
  const query = `subscription { availabilityChanged(skus: ["${sku}"]) { available } }`
  const [first, second, third] = await Promise.all([connect(), connect(), connect()])
  for (const client of [first, second, third]) {
    client.subscribe('a', query)
    await until(() => client.results('a').length === 1)
  }
  first.complete('a')
  await buyOne()
  await until(() => third.results('a').length === 2)
  await second.close()
  await buyOne()
  await until(() => third.results('a').length === 3)
  expect(third.results('a').map(({ data }) => data.availabilityChanged.available)).toEqual([1000, 999, 998])
  expect(first.results('a')).toHaveLength(1)
})

test('a new member gets the group’s last frame, without a read or an execution', async () => {
  const query = `subscription { availabilityChanged(skus: ["${sku}"]) { available version } }`
  const first = await connect()
  first.subscribe('a', query)
  await buyOne()
  await until(() => first.results('a').at(-1)?.data.availabilityChanged.available === 999)
  const before = await count('onhand_executions_total')
  const later = await connect()
  later.subscribe('b', query)
  await until(() => later.results('b').length === 1)
  expect(later.results('b')).toEqual([first.results('a').at(-1)])
  expect(await count('onhand_executions_total')).toBe(before)
})

test('a group without members is kept for clients that come back, and shows changes made meanwhile', async () => {
  const query = `subscription { availabilityChanged(skus: ["${sku}"]) { available } }`
  const first = await connect()
  first.subscribe('a', query)
  await until(() => first.results('a').length === 1)
  await first.close()
  await buyOne()
  await buyOne()
  await until(
    async () => (await onhand.gql(`{ product(sku: "${sku}") { available } }`)).product.available === 998,
  )
  const second = await connect()
  second.subscribe('a', query)
  await until(() => second.results('a').at(-1)?.data.availabilityChanged.available === 998)
})

test('clients can choose any operation id', async () => {
  const query = `subscription { availabilityChanged(skus: ["${sku}"]) { sku } }`
  const ids = ['1', 'a b', '"quoted"', 'ключ-🔑', '\\', 'x'.repeat(90)]
  const socket = await connect()
  for (const id of ids) socket.subscribe(id, query)
  await until(() => ids.every((id) => socket.results(id).length === 1))
})

test('text beyond ASCII arrives unchanged', async () => {
  const name = `лампа-🪔-é-\u2028-${tests}`
  await createBatch(onhand, { reference: `batch-${name}`, sku: name, quantity: 3 })
  const socket = await connect()
  socket.subscribe(
    'a',
    `subscription ($s: [ID!]!) { availabilityChanged(skus: $s) { sku batches { reference } } }`,
    {
      variables: { s: [name] },
    },
  )
  const result = await until(() => socket.results('a')[0])
  expect(result.data.availabilityChanged).toEqual({ sku: name, batches: [{ reference: `batch-${name}` }] })
})

test('large results arrive completely', async () => {
  for (let batch = 0; batch < 60; batch += 1) {
    await createBatch(onhand, { reference: `${'r'.repeat(200)}-${tests}-${batch}`, sku, quantity: 1 })
  }
  const fields = Array.from({ length: 10 }, (_, at) => `f${at}: batches { reference }`).join(' ')
  const socket = await connect()
  socket.subscribe('a', `subscription { availabilityChanged(skus: ["${sku}"]) { ${fields} } }`)
  // The last batch may be projected only after the subscription.
  const result = await until(() =>
    socket.results('a').find(({ data }) => data.availabilityChanged.f9.length === 61),
  )
  expect(JSON.stringify(result).length).toBeGreaterThan(65_536)
})
