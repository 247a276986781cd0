/**
 * The cost of introspection. Its answer depends only on the schema, so this counts the answer's values one by one, up to a limit: a
 * document of a few hundred bytes can select every type of every field of every type.
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
 * @param most the count at which counting ends
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
    selected: FieldNode,
    name?: string,
  ): void {
    cost += ownCost(selected)
    if (cost > most) return
    // Deprecated fields and values always count.
    const value = field.resolve?.(parent, { includeDeprecated: true, name }, undefined, info)
    countValue(field.type, value, selected.selectionSet)
  }

  function countValue(type: GraphQLOutputType, value: unknown, selected: SelectionSetNode | undefined): void {
    if (value == null || cost > most) return
    if (isNonNullType(type)) countValue(type.ofType, value, selected)
    else if (isListType(type))
      for (const entry of value as Iterable<unknown>) countValue(type.ofType, entry, selected)
    else if (typeof value === 'string') cost += ownCost(value) - 1
    else if (isObjectType(type) && selected !== undefined) countObject(type, value, selected)
  }

  // Each visited node costs something, even an unknown field or an empty fragment, so that counting ends soon.
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
      // Validation rejects a fragment that spreads itself; here it must only not recurse for ever.
      cost += 1
      if (fragment === undefined || open.has(name)) continue
      open.add(name)
      countObject(type, value, fragment.selectionSet)
      open.delete(name)
    }
  }

  const root = ROOTS.get(node.name.value)
  if (root !== undefined)
    for (const name of possibleTypeNames(schema, node)) countField(root, undefined, node, name)
  return cost
}

/** The type names that the answer can be about. A variable counts as all types, because its value is not available here. */
function possibleTypeNames(schema: GraphQLSchema, { arguments: given = [] }: FieldNode): string[] {
  const name = given.find((argument) => argument.name.value === 'name')?.value
  return name?.kind === Kind.VARIABLE
    ? Object.keys(schema.getTypeMap())
    : [name?.kind === Kind.STRING ? name.value : '']
}
