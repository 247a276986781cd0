/** Limits on the cost of documents, checked before anything else. */
import {
  Kind,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  parse,
} from 'graphql'
import { isObjectType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { fragmentsOf } from '../../src/graphql/fragments.ts'
import { introspectionCost } from '../../src/graphql/introspection.ts'
import { createLimitCheck } from '../../src/graphql/limits.ts'
import { createSchema } from '../../src/graphql/schema.ts'

const schema = createSchema()
const check = createLimitCheck(schema)
const refusal = (source: string) => check(parse(source, { noLocation: true }))?.message ?? null

const EIGHT = 'reference sku eta purchased allocated reserved available version'

describe('lists count as full', () => {
  test.each([
    `{ product(sku: "x") { batches { ${EIGHT} } availableToPromise { date quantity cumulative } } }`,
    `{ product(sku: "x") { batches(first: 1000) { ${EIGHT} } } }`,
    `{ products { nodes { sku batches { ${EIGHT} } } } }`,
    '{ products(first: 100) { nodes { sku status availableToPromise { date quantity cumulative } } } }',
    '{ products(first: 100) { edges { cursor node { sku batches(first: 10) { reference available } } } } }',
    `{ order(id: "x") { lines(first: 1000) { sku quantity status batchReference eta } } }`,
    `query ($n: Int) { product(sku: "x") { batches(first: $n) { ${EIGHT} } } }`,
    'subscription { allocationChanged(orderId: "x") { lines { sku quantity } } }',
  ])('%s is served', (source) => expect(refusal(source)).toBeNull())

  test.each(
    [
      `{ products(first: 100) { nodes { batches { ${EIGHT} } } } }`,
      `{ products { nodes { batches(first: 1000) { reference } availableToPromise { date } } } }`,
      'query ($n: Int) { products { nodes { batches(first: $n) { reference } } } }',
      '{ products(first: 100) { nodes { availableToPromise(first: 1000) { date } } } }',
      '{ products(first: 100) { nodes { ...P } } } fragment P on Product { batches { ...B } } fragment B on Batch { sku eta }',
      `{ ${Array.from({ length: 15 }, (_, at) => `o${at}: order(id: "x") { lines(first: 1000) { sku quantity } }`).join(' ')} }`,
      `subscription { availabilityChanged(skus: ["x"]) { ${Array.from({ length: 15 }, (_, at) => `b${at}: batches(first: 1000) { sku eta }`).join(' ')} } }`,
    ].map((source) => ({ start: source.slice(0, 60), source })),
  )('$start… fails', ({ source }) => expect(refusal(source)).toContain('smaller pages'))

  test('every list in the schema is bounded, except those that are always short', () => {
    const short = new Set(['userErrors', 'field', 'projections', 'edges', 'nodes'])
    const unbounded = Object.values(schema.getTypeMap())
      .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
      .flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()) : []))
      .filter(({ type }) => isListType(getNullableType(type)) && isCompositeType(getNamedType(type)))
      .filter(({ name, args }) => !short.has(name) && !args.some((argument) => argument.name === 'first'))
    expect(unbounded.map(({ name }) => name)).toEqual([])
  })
})

test('texts have their own limit, because each can have 255 characters', () => {
  const texts = (count: number) => Array.from({ length: count }, (_, at) => `a${at}: reference`).join(' ')
  expect(refusal(`{ product(sku: "x") { batches(first: 1000) { ${texts(8)} } } }`)).toBeNull()
  expect(refusal(`{ product(sku: "x") { batches(first: 1000) { ${texts(9)} } } }`)).toContain('texts')
  expect(refusal(`{ product(sku: "x") { batches(first: 500) { ${texts(9)} } } }`)).toBeNull()
})

test('long names count as several values, because each entry repeats them', () => {
  const aliased = (length: number) => `{ products(first: 100) { nodes { ${'a'.repeat(length)}: sku } } }`
  expect(refusal(aliased(60))).toBeNull()
  expect(refusal(aliased(90_000))).toContain('values')
})

test('introspection can be off', () => {
  const closed = createLimitCheck(schema, { introspection: false })
  const refusal = (source: string) => closed(parse(source))?.message ?? null
  for (const source of [
    '{ __schema { types { name } } }',
    'query ($n: String!) { a: __type(name: $n) { name } }',
    '{ ...F } fragment F on Query { ... { __schema { types { name } } } }',
    'mutation { allocate(input: {}) { query { __type(name: "Product") { name } } } }',
  ])
    expect(refusal(source)).toContain('INTROSPECTION')
  expect(refusal('{ __typename product(sku: "x") { __typename } }')).toBeNull()
})

describe('introspection is counted value by value', () => {
  const usual = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  })
  const fields = usual.slice(usual.indexOf('{') + 1)

  test('the introspection query of tools is served, even if the schema doubles in size', () => {
    expect(refusal(usual)).toBeNull()
    expect(refusal(`query Twice { again: ${fields}`)).toBeNull()
    expect(refusal('{ __type(name: "Product") { fields { name type { name } } } }')).toBeNull()
    expect(refusal('query ($n: String!) { __type(name: $n) { fields { name type { name } } } }')).toBeNull()
  })

  const many = (of: string) => Array.from({ length: 15 }, (_, at) => `a${at}: ${of}`).join(' ')
  test.each(
    [
      `{ ${many('__schema { types { name description fields { name description args { name } } } }')} }`,
      `{ __schema { types { ${many('fields { name type { name } args { name type { name } } }')} } } }`,
      `query ($n: String!) { ${many('__type(name: $n) { fields { type { ofType { fields { name description } } } } }')} }`,
      `{ ...S } fragment S on Query { ${many('__schema { types { fields { name description type { name } } } }')} }`,
      `mutation { allocate(input: {}) { query { ${many('__schema { types { fields { name description type { name } } } }')} } } }`,
      // All operations of a document share the limit.
      ...[
        Array.from(
          { length: 200 },
          (_, at) => `query Q${at} { __schema { types { fields { name } } } }`,
        ).join(' '),
      ],
      `{ __schema { types { fields { ${'a'.repeat(5000)}: name } } } }`,
    ].map((source) => ({ start: source.slice(0, 60), source })),
  )('$start… fails', ({ source }) => expect(refusal(source)).toContain('values'))

  test('unknown fields and empty fragments count, because they are visited again for each type', () => {
    const unknown = 'x '.repeat(850)
    const doubling = Array.from(
      { length: 11 },
      (_, at) => `fragment A${at + 1} on __Schema { ...A${at} ...A${at} }`,
    )
    const source = `{ __schema { ...A11 } } fragment A0 on __Schema { types { ${unknown} } } ${doubling.join(' ')}`
    const document = parse(source, { noLocation: true })
    const [operation] = document.definitions
    if (operation?.kind !== Kind.OPERATION_DEFINITION)
      throw new Error('The first definition is no operation.')
    const [root] = operation.selectionSet.selections
    if (root?.kind !== Kind.FIELD) throw new Error('The first selection is no field.')
    const cost = introspectionCost(schema, fragmentsOf(document), root, 10_000)
    expect(cost).toBeGreaterThan(10_000)
    // Counting ends at the limit.
    expect(cost).toBeLessThan(11_000)
  })

  test('counting ends at a fragment that spreads itself, which validation rejects', () => {
    const circle = 'fragment T on __Type { ...T fields { type { ...T } } }'
    expect(refusal(`{ __schema { types { ...T } } } ${circle}`)).toBeNull()
  })
})
