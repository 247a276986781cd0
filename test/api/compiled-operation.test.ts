/** A compiled operation returns the same as graphql-js, for any document and any behaviour of resolvers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { makeExecutableSchema } from '@graphql-tools/schema'
import fc from 'fast-check'
import { execute, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import type { ApiContext } from '../../src/graphql/context.ts'
import { createExecute } from '../../src/graphql/execute.ts'
import { compileOperation } from '../../src/graphql/compiled-operation.ts'
import { createSchema } from '../../src/graphql/schema.ts'
import { fnv1a } from '../../src/lib/fnv1a.ts'

const THING = `
  id: ID
  count: Int
  surely: Int!
  ratio: Float
  colour: Colour
  names: [String!]
  thing: Thing
  things: [Thing]
  all: [Thing!]!`
const schema = makeExecutableSchema({
  typeDefs: `
    enum Colour { RED GREEN }
    interface Named { id: ID }
    type Thing implements Named { ${THING} sure: Thing! asked(x: Int = 3, names: [String!]): String }
    type Query { ${THING} sure: Thing! named: Named asked(x: Int = 3, names: [String!]): String }`,
  resolvers: {
    Query: {
      named: () => ({ id: 1 }),
      asked: (_: unknown, args: object) => JSON.stringify(args),
    },
    Thing: { asked: (_: unknown, args: object) => JSON.stringify(args) },
    Named: { __resolveType: () => 'Thing' },
  },
})

type Kind = 'id' | 'count' | 'ratio' | 'colour' | 'names' | 'thing' | 'things'
const KINDS: Readonly<Record<string, Kind>> = {
  id: 'id',
  count: 'count',
  surely: 'count',
  ratio: 'ratio',
  colour: 'colour',
  names: 'names',
  thing: 'thing',
  sure: 'thing',
  things: 'things',
  all: 'things',
}

/**
 * Deterministic data: every read of a path returns the same value. A given number of values per thousand are wrong. Only root fields
 * return promises, because graphql-js itself does not handle every rejection of nested ones.
 */
class World {
  readonly #seed: number
  readonly #odd: number

  constructor(seed: number, odd: number) {
    this.#seed = seed
    this.#odd = odd
  }

  thing(path: string): object {
    const thing = {}
    for (const [name, kind] of Object.entries(KINDS))
      Object.defineProperty(thing, name, { get: () => this.#value(kind, `${path}.${name}`) })
    return thing
  }

  #value(kind: Kind, path: string): unknown {
    const dice = fnv1a(`${this.#seed} ${path}`)
    if (dice % 1000 >= this.#odd) return this.#proper(kind, path)
    const isRoot = /^root\.\w+$/.test(path)
    switch (Math.floor(dice / 1000) % (isRoot ? 9 : 7)) {
      case 0:
        return null
      case 1:
        return undefined
      case 2:
        return new Error(`returned at ${path}`)
      case 3:
        throw new Error(`thrown at ${path}`)
      case 4:
        return () => this.#proper(kind, path)
      case 5:
        return Number.NaN
      case 6:
        return { toString: () => 'something else' }
      case 7:
        return Promise.resolve(this.#proper(kind, path))
      default:
        return Promise.reject(new Error(`rejected at ${path}`))
    }
  }

  #proper(kind: Kind, path: string): unknown {
    switch (kind) {
      case 'id':
        return path
      case 'count':
        return path.length
      case 'ratio':
        return path.length / 2
      case 'colour':
        return 'GREEN'
      case 'names':
        return ['a', 'b']
      case 'thing':
        return this.thing(path)
      case 'things':
        return [0, 1].map((at) => this.#value('thing', `${path}[${at}]`))
      default:
        throw kind satisfies never
    }
  }
}

const LEAVES = ['id', 'count', 'surely', 'ratio', 'colour', 'names', '__typename'] as const
const leaf = fc.constantFrom<string>(
  ...LEAVES,
  'a: id',
  'b: count',
  'asked',
  'c: asked(x: 5, names: ["y"])',
  'd: asked(x: $x, names: [$name, "z"])',
  'e: asked(x: null)',
  '...Both',
)
const { selection } = fc.letrec<{ selection: string; field: string }>((tie) => ({
  selection: fc
    .array(tie('field'), { minLength: 1, maxLength: 4 })
    .map((fields) => `{ ${fields.join(' ')} }`),
  field: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.constantFrom('thing', 'sure', 'things', 'all', 'f: thing', '... on Thing'), tie('selection'))
      .map((parts) => parts.join(' ')),
    tie('selection').map((inner) => `... ${inner}`),
    tie('selection').map((inner) => `thing @skip(if: $no) ${inner}`),
  ),
}))
const source = selection
  .map(
    (fields) =>
      `query ($x: Int = 8, $name: String! = "n", $no: Boolean = false) ${fields} fragment Both on Thing { id thing { surely } }`,
  )
  .filter((text) => validate(schema, parse(text)).every(({ message }) => /is never used/.test(message)))

test('a compiled operation returns the same as graphql-js', async () => {
  const seen = { planned: 0, fine: 0, failed: 0 }
  await fc.assert(
    fc.asyncProperty(
      source,
      fc.nat(),
      fc.constantFrom(0, 30, 300),
      fc.constantFrom({}, { x: 1 }, { x: null, name: 'm' }, { x: 'wrong' }, { no: true }),
      async (text, seed, odd, variables) => {
        const document = parse(text)
        const context = {} as ApiContext
        const root = () => new World(seed, odd).thing('root')
        const expected = await execute({ schema, document, rootValue: root(), variableValues: variables })
        const run = createExecute({ schema, document, operationName: null, repeatable: true })
        const result = await run(root(), context, variables)
        expect(JSON.stringify(result)).toBe(JSON.stringify(expected))
        if (compileOperation(schema, document, null) === null) return
        seen.planned += 1
        if (expected.errors === undefined) seen.fine += 1
        else seen.failed += 1
      },
    ),
    { numRuns: 3000 },
  )
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100)
})

test.each([
  ['a directive', '{ id @skip(if: false) }'],
  ['an interface', '{ named { id } }'],
  ['introspection', '{ __schema { queryType { name } } }'],
  ['a response name that is no ordinary key', '{ __proto__: id }'],
  ['a type name under a response name that is no ordinary key', '{ __proto__: __typename }'],
])('%s is left to graphql-js', async (_, text) => {
  const document = parse(text)
  expect(compileOperation(schema, document, null)).toBeNull()
  const rootValue = new World(1, 0).thing('root')
  const run = createExecute({ schema, document, operationName: null, repeatable: true })
  expect(await run(rootValue, {} as ApiContext, undefined)).toEqual(
    await execute({ schema, document, rootValue }),
  )
})

test('a short text that expands to many fields is left to graphql-js', () => {
  const aliases = (count: number) => Array.from({ length: count }, (_, at) => `a${at}: thing { ...All }`)
  const text = (count: number) =>
    `{ ${aliases(count).join(' ')} } fragment All on Thing { ${fields.join(' ')} }`
  const fields = Array.from({ length: 20 }, (_, at) => `f${at}: id`)
  expect(compileOperation(schema, parse(text(2)), null)).not.toBeNull()
  expect(compileOperation(schema, parse(text(15)), null)).toBeNull()
})

test('the compiled operations of a document are bounded by its size, even if it has a hundred operations', () => {
  const fragment = `fragment F on Product { ${'sku onHand available incoming allocated reserved version '.repeat(3)} }`
  const names = Array.from({ length: 100 }, (_, at) => `Q${at}`)
  const document = parse(
    `${fragment} ${names.map((name) => `query ${name} { product(sku: "a") { ...F } }`).join(' ')}`,
  )
  const shop = createSchema()
  const compiled = names
    .map((name) => compileOperation(shop, document, name))
    .filter((operation) => operation !== null)
  expect(compiled.length).toBeGreaterThan(10)
  expect(compiled.length * 8).toBeLessThanOrEqual((document.loc?.end ?? 0) / 5)
})

test('an operation that is not repeatable is executed once, by graphql-js', async () => {
  let times = 0
  const rootValue = {
    get surely() {
      times += 1
      return null
    },
  }
  const document = parse('{ surely }')
  const run = createExecute({ schema, document, operationName: null, repeatable: false })
  const { errors } = await run(rootValue, {} as ApiContext, undefined)
  expect(errors).toHaveLength(1)
  expect(times).toBe(1)
})

test.each<[string, object]>([
  ['a promise within an object', { thing: { count: Promise.resolve(3) } }],
  ['a method', { thing: () => ({ count: 3 }) }],
  ['a method of a nested object', { thing: { count: () => 3 } }],
])('%s is left to graphql-js', async (_, rootValue) => {
  const document = parse('{ thing { count } }')
  const run = createExecute({ schema, document, operationName: null, repeatable: true })
  expect(await run(rootValue, {} as ApiContext, undefined)).toEqual({ data: { thing: { count: 3 } } })
})

test('a read that fails after its operation has ended does not end the process', async () => {
  const rootValue = {
    get id() {
      return sleep(10).then(() => Promise.reject(new Error('late')))
    },
    get count() {
      throw new Error('early')
    },
  }
  const document = parse('{ id count }')
  const run = createExecute({ schema, document, operationName: null, repeatable: true })
  const { errors } = await run(rootValue, {} as ApiContext, undefined)
  expect(errors?.map(({ message }) => message).toSorted()).toEqual(['early', 'late'])
})

test.each([
  { text: '{ here: id }', data: { here: null } },
  { text: '{ here: id names }', data: { here: null, names: ['a'] } },
  { text: '{ all { id } }', data: null },
])('a read that fails is not repeated: $text', async ({ text, data }) => {
  let times = 0
  const fail = async () => {
    times += 1
    throw new Error('The database is away.')
  }
  const rootValue = { id: 1, names: Promise.resolve(['a']) }
  Object.defineProperty(rootValue, 'id', { get: fail })
  Object.defineProperty(rootValue, 'all', { get: fail })
  const document = parse(text)
  const run = createExecute({ schema, document, operationName: null, repeatable: true })
  const result = await run(rootValue, {} as ApiContext, undefined)
  const asked = times
  expect(JSON.stringify(result)).toBe(JSON.stringify(await execute({ schema, document, rootValue })))
  expect(result.data).toEqual(data)
  expect(times).toBe(2 * asked)
})
