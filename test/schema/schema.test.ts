/** Clients rely on the schema: it is documented, the generated types match it, and it is never broken by accident. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CriticalityLevel, diff } from '@graphql-inspector/core'
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql'
import { expect, test } from 'vitest'
import { OUTPUT, generateTypes } from '../../schema/generate-types.ts'
import { readTypeDefs } from '../../src/graphql/type-defs.ts'

const RELEASED = join(import.meta.dirname, 'released.graphql')
const schema = buildSchema(readTypeDefs())
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
)

test('every type, field, argument and value has a description', () => {
  const undocumented: string[] = []
  const look = (name: string, { description }: { description?: string | null | undefined }) => {
    if (!description?.trim()) undocumented.push(name)
  }
  for (const type of types) {
    look(type.name, type)
    if (isEnumType(type)) for (const value of type.getValues()) look(`${type.name}.${value.name}`, value)
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) look(`${type.name}.${field.name}`, field)
    }
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        look(`${type.name}.${field.name}`, field)
        for (const arg of field.args) look(`${type.name}.${field.name}(${arg.name})`, arg)
      }
    }
  }
  expect(undocumented).toEqual([])
})

test('the resolver types match the schema; otherwise run `npm run codegen`', async () => {
  expect(await generateTypes()).toBe(await readFile(OUTPUT, 'utf8'))
})

test('no change breaks the released schema; `vitest --update` releases additions', async () => {
  const released = buildSchema(await readFile(RELEASED, 'utf8'))
  const changes = await diff(released, schema)
  const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
  expect(breaking.map(({ message }) => message)).toEqual([])
  await expect(`${printSchema(lexicographicSortSchema(schema))}\n`).toMatchFileSnapshot(RELEASED)
})
