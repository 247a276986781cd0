/** The schema is what everybody outside relies on: described, generated from, and never broken by accident. */
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

test('everything has a description', () => {
  const silent: string[] = []
  const look = (name: string, { description }: { description?: string | null | undefined }) => {
    if (!description?.trim()) silent.push(name)
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
  expect(silent).toEqual([])
})

test('the resolvers’ types are those of the schema; otherwise `npm run codegen`', async () => {
  expect(await generateTypes()).toBe(await readFile(OUTPUT, 'utf8'))
})

test('nothing that was released is taken away; what is new is released with `vitest --update`', async () => {
  const released = buildSchema(await readFile(RELEASED, 'utf8'))
  const changes = await diff(released, schema)
  const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
  expect(breaking.map(({ message }) => message)).toEqual([])
  await expect(`${printSchema(lexicographicSortSchema(schema))}\n`).toMatchFileSnapshot(RELEASED)
})
