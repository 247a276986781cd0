/** The keys of operations, which decide which operations share results. */
import { expect, test } from 'vitest'
import { ClientMemory } from '../../src/admission/client-memory.ts'
import { createPrepare } from '../../src/graphql/subscriptions/operation.ts'
import type { LiveOperation, LiveRequest, Principal } from '../../src/graphql/subscriptions/operation.ts'
import { createSchema } from '../../src/graphql/schema.ts'
import { Hub } from '../../src/live/hub.ts'
import { EPOCH } from '../support/events.ts'

const nothing = { one: async () => [], many: async () => [] }
const hub = new Hub({
  partitions: 2,
  epoch: EPOCH,
  availability: nothing,
  orders: nothing,
  ledger: { range: async () => [], moved: async () => [] },
  replays: { range: async () => [] },
  onError: (error) => {
    throw error
  },
})
const live = {
  hub,
  partitions: 2,
  partitionOf: () => 1,
  admit: () => null,
  epoch: () => EPOCH,
  async *progress() {},
}

function prepareWith(schema = createSchema()) {
  const prepare = createPrepare({ schema, production: false, live, memory: new ClientMemory(16) })
  return (request: LiveRequest, principal: Principal = null): LiveOperation => {
    const prepared = prepare(request, principal)
    if (prepared === null || !('key' in prepared)) throw new Error(JSON.stringify(prepared))
    return prepared
  }
}

const prepared = prepareWith()
const query = 'subscription { availabilityChanged(skus: ["a"]) { sku } }'

test('all clients share a field that is shareable in the schema', () => {
  expect(prepared({ query }, 'alice').key).toBe(prepared({ query }, 'bob').key)
  expect(prepared({ query }, 'alice').key).toBe(prepared({ query }).key)
})

test('without the directive, each principal has its own results', () => {
  const schema = createSchema()
  const field = schema.getSubscriptionType()?.getFields()['availabilityChanged']
  if (field === undefined) throw new Error('There is no such field.')
  field.astNode = null
  const ofEach = prepareWith(schema)
  expect(ofEach({ query }, 'alice').key).not.toBe(ofEach({ query }, 'bob').key)
  expect(ofEach({ query }, 'alice').key).not.toBe(ofEach({ query }).key)
  expect(ofEach({ query }, 'alice').key).toBe(ofEach({ query }, 'alice').key)
})

test.each([
  ['another argument', 'subscription { availabilityChanged(skus: ["b"]) { sku } }'],
  ['another selection', 'subscription { availabilityChanged(skus: ["a"]) { available } }'],
  ['another order of fields', 'subscription { availabilityChanged(skus: ["a"]) { available sku } }'],
  ['an alias', 'subscription { availabilityChanged(skus: ["a"]) { key: sku } }'],
  ['an alias of the field', 'subscription { product: availabilityChanged(skus: ["a"]) { sku } }'],
  ['another field', 'subscription { stockMoved(sku: "a") { sku } }'],
])('%s leads to another group', (_, other) => {
  expect(prepared({ query: other }).key).not.toBe(prepared({ query }).key)
})

test('the start in the ledger leads to no other group, and can be given in three ways', () => {
  const now = prepared({ query: 'subscription { stockMoved(sku: "a") { sku } }' })
  const inText = prepared({ query: 'subscription { stockMoved(sku: "a", after: "7") { sku } }' })
  const inVariable = prepared({
    query: 'subscription ($after: String) { stockMoved(sku: "a", after: $after) { sku } }',
    variables: { after: '1:7' },
  })
  const inExtension = prepared({
    query: 'subscription { stockMoved(sku: "a", after: "3") { sku } }',
    extensions: { after: '1:7' },
  })
  expect(now.source).toMatchObject({ after: null })
  for (const operation of [inText, inVariable, inExtension]) {
    expect(operation.key).toBe(now.key)
    expect(operation.source).toMatchObject({ after: { epoch: null, positions: new Map([[1, 7n]]) } })
  }
})

test.each([7, 7.5, true, {}, ['7']])('the start must be a string, not %j', (after) => {
  const query = 'subscription { stockMoved(sku: "a") { sku } }'
  expect(() => prepared({ query, extensions: { after } })).toThrow('\\"extensions.after\\" is not a string.')
})

test('the key contains all selections of a field that is selected twice', () => {
  const split = `subscription { availabilityChanged(skus: ["a"]) { sku } ...More }
    fragment More on Subscription { availabilityChanged(skus: ["a"]) { available } }`
  expect(prepared({ query: split }).key).not.toBe(prepared({ query }).key)
})
