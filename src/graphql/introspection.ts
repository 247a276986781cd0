/**
 * What introspection comes to. It depends on the schema and on nothing else, so its values are counted one by one, up to a limit: a few
 * hundred bytes can ask for each type of each field of each type.
 */
import { Kind, SchemaMetaFieldDef, TypeMetaFieldDef, isListType, isNonNullType } from 'graphql'
import { BREAK, isObjectType, visit } from 'graphql'
import type {
  DocumentNode,
  FieldNode,
  GraphQLField,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLResolveInfo,
} from 'graphql'
import type { GraphQLSchema, SelectionSetNode } from 'graphql'
import type { Fragments } from './fragments.ts'
import { ownCost } from './value-cost.ts'

const ROOTS = new Map([SchemaMetaFieldDef, TypeMetaFieldDef].map((field) => [field.name, field]))

export const isIntrospectionRoot = ({ name }: FieldNode): boolean => ROOTS.has(name.value)

export function hasIntrospection(document: DocumentNode): boolean {
  let found = false
  visit(document, {
    Field(node) {
      if (!isIntrospectionRoot(node)) return
      found = true
      return BREAK
    },
  })
  return found
}

/**
 * @param node `__schema` or `__type`
 * @param most where counting ends
 */
export function introspectionCost(
  schema: GraphQLSchema,
  fragments: Fragments,
  node: FieldNode,
  most: number,
): number {
  const info = { schema } as GraphQLResolveInfo
  const open = new Set<string>()
  let cost = 0

  function countField(
    field: GraphQLField<unknown, unknown>,
    parent: unknown,
    asked: FieldNode,
    name?: string,
  ): void {
    cost += ownCost(asked)
    if (cost > most) return
    // What is deprecated counts in any case.
    const value = field.resolve?.(parent, { includeDeprecated: true, name }, undefined, info)
    countValue(field.type, value, asked.selectionSet)
  }

  function countValue(type: GraphQLOutputType, value: unknown, asked: SelectionSetNode | undefined): void {
    if (value == null || cost > most) return
    if (isNonNullType(type)) countValue(type.ofType, value, asked)
    else if (isListType(type))
      for (const entry of value as Iterable<unknown>) countValue(type.ofType, entry, asked)
    else if (typeof value === 'string') cost += ownCost(value) - 1
    else if (isObjectType(type) && asked !== undefined) countObject(type, value, asked)
  }

  // Whatever is looked at costs, be it an unknown field or an empty fragment, so that counting ends soon.
  function countObject(type: GraphQLObjectType, value: unknown, { selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (cost > most) return
      if (selection.kind === Kind.FIELD) {
        const field = type.getFields()[selection.name.value]
        if (field === undefined) cost += 1
        else countField(field, value, selection)
        continue
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        cost += 1
        countObject(type, value, selection.selectionSet)
        continue
      }
      const name = selection.name.value
      const fragment = fragments.get(name)
      // One within itself is for validation to refuse; here it must only come to an end.
      cost += 1
      if (fragment === undefined || open.has(name)) continue
      open.add(name)
      countObject(type, value, fragment.selectionSet)
      open.delete(name)
    }
  }

  const root = ROOTS.get(node.name.value)
  if (root !== undefined)
    for (const name of namesAskedFor(schema, node)) countField(root, undefined, node, name)
  return cost
}

/** The names that the answer may be about: a variable's value is not known here, so it counts as all types together. */
function namesAskedFor(schema: GraphQLSchema, { arguments: given = [] }: FieldNode): string[] {
  const name = given.find((argument) => argument.name.value === 'name')?.value
  return name?.kind === Kind.VARIABLE
    ? Object.keys(schema.getTypeMap())
    : [name?.kind === Kind.STRING ? name.value : '']
}
