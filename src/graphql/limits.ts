/**
 * Limits on documents, checked before anything else, even before validation. The size that counts is that with all fragments expanded:
 * 1.5 KB of fragments that spread one another can expand to millions of fields.
 *
 * Each fragment is measured once, however often it is spread, so measuring takes time linear in the document. Fragments that no
 * operation uses are measured as well, because validation visits them.
 */
import {
  GraphQLError,
  Kind,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  parse,
} from 'graphql'
import type { DocumentNode, FieldNode, FragmentDefinitionNode, GraphQLSchema } from 'graphql'
import type { InlineFragmentNode, OperationDefinitionNode, ParseOptions, SelectionNode } from 'graphql'
import { MAX_ENTRIES } from './bounded-list.ts'
import { DEFAULT_PAGE, MAX_PAGE } from './connection.ts'
import { fault } from './errors.ts'
import { fragmentsOf } from './fragments.ts'
import { hasIntrospection, introspectionCost, isIntrospectionRoot } from './introspection.ts'
import { ownCost } from './value-cost.ts'

type Container = OperationDefinitionNode | FragmentDefinitionNode | FieldNode | InlineFragmentNode

/**
 * The size of one definition. `cost` is roughly the number of values in its answer, where lists count as full. `texts` is the number of
 * those that clients choose and that can have 255 characters: references, SKUs, ids.
 */
interface Size {
  readonly depth: number
  readonly fields: number
  readonly aliases: number
  readonly directives: number
  readonly cost: number
  readonly texts: number
}

const LIMITS: Size = { depth: 10, fields: 1000, aliases: 15, directives: 20, cost: 20_000, texts: 8000 }
/** Values in the answers to all introspection of a document. Common tools need 4,000. */
const MAX_INTROSPECTION = 10_000
const NOTHING: Size = { depth: 0, fields: 0, aliases: 0, directives: 0, cost: 0, texts: 0 }

const MAX_TOKENS = 1000
export const parseOptions: ParseOptions = { maxTokens: MAX_TOKENS }
/** For each error, graphql-js scans the text from its start to find the line number. */
const MAX_LINES = 3000
export const MAX_VALIDATION_ERRORS = 20
/** Each error of a variable quotes the whole value. */
export const MAX_VARIABLE_ERRORS = 5
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more/

/**
 * Parses within the limits.
 *
 * @throws GraphQLError for a syntax error; `QUERY_TOO_COMPLEX` for too many tokens or lines
 */
export function parseWithinLimits(source: string): DocumentNode {
  if (linesOf(source) > MAX_LINES)
    throw fault('QUERY_TOO_COMPLEX', `The document has more than ${MAX_LINES} lines.`)
  try {
    return parse(source, parseOptions)
  } catch (error) {
    if (!(error instanceof GraphQLError) || !TOO_MANY_TOKENS.test(error.message)) throw error
    throw fault('QUERY_TOO_COMPLEX', `The document has more than ${MAX_TOKENS} tokens.`)
  }
}

/** Lines end with `\n`, `\r` or both, as in graphql-js. */
function linesOf(source: string): number {
  let lines = 1
  for (let at = 0; at < source.length; at += 1)
    if (source[at] === '\n' || (source[at] === '\r' && source[at + 1] !== '\n')) lines += 1
  return lines
}

/** @returns the error if the document exceeds a limit; otherwise null */
export type LimitCheck = (document: DocumentNode) => GraphQLError | null

/** @param introspection whether clients may read the schema */
export function createLimitCheck(schema: GraphQLSchema, { introspection = true } = {}): LimitCheck {
  const lists = boundedFields(schema)
  const texts = textFields(schema)
  return (document) => {
    if (!introspection && hasIntrospection(document)) return fault('FORBIDDEN', INTROSPECTION_OFF)
    for (const size of sizesOf(document, schema, lists, texts)) {
      for (const what of ['depth', 'fields', 'aliases', 'directives', 'cost', 'texts'] as const) {
        if (size[what] > LIMITS[what]) return fault('QUERY_TOO_COMPLEX', messageFor(what))
      }
    }
    return null
  }
}

const INTROSPECTION_OFF =
  'Introspection is off (INTROSPECTION=off). The schema comes with the package, in its directory "schema".'

function messageFor(what: keyof Size): string {
  const most = LIMITS[what]
  if (what === 'depth') return `The query is nested more than ${most} levels deep.`
  if (what === 'cost' || what === 'texts')
    return `The answer could have more than ${most} ${what === 'cost' ? 'values' : 'ids, references and other texts'}; request smaller pages ("first") or fewer fields.`
  return `The query has more than ${most} ${what}, with its fragments expanded.`
}

function sizesOf(
  document: DocumentNode,
  schema: GraphQLSchema,
  lists: Lists,
  textNames: ReadonlySet<string>,
): Size[] {
  const fragments = fragmentsOf(document)
  const measured = new Map<string, Size>()
  let introspectionLeft = MAX_INTROSPECTION

  function sizeOfFragment(name: string): Size {
    const before = measured.get(name)
    if (before !== undefined) return before
    // Validation rejects a fragment that spreads itself; here it must only not recurse for ever.
    measured.set(name, NOTHING)
    const fragment = fragments.get(name)
    const size = fragment === undefined ? NOTHING : sizeOf(fragment)
    measured.set(name, size)
    return size
  }

  function sizeOf(node: Container): Size {
    let { depth, fields, aliases, directives, cost, texts } = NOTHING
    for (const selection of node.selectionSet?.selections ?? []) {
      const size = sizeOfSelection(selection)
      depth = Math.max(depth, size.depth)
      fields += size.fields
      aliases += size.aliases
      directives += size.directives
      cost += size.cost
      texts += size.texts
    }
    // Introspection nests deeper than other queries; graphql-js limits its depth.
    if (isIntrospection(node)) depth = 0
    return { depth, fields, aliases, directives: directives + (node.directives?.length ?? 0), cost, texts }
  }

  function sizeOfSelection(selection: SelectionNode): Size {
    if (selection.kind === Kind.INLINE_FRAGMENT) return sizeOf(selection)
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const { fields, directives, ...size } = sizeOfFragment(selection.name.value)
      // The spread itself counts as a field, because spreads of empty fragments are as much work to validate.
      return { ...size, fields: fields + 1, directives: directives + (selection.directives?.length ?? 0) }
    }
    const { depth, fields, aliases, directives, cost, texts } = sizeOf(selection)
    const entries = entriesRequested(selection, lists.get(selection.name.value))
    return {
      depth: depth + 1,
      fields: fields + 1,
      aliases: aliases + (selection.alias === undefined ? 0 : 1),
      directives,
      cost: isIntrospectionRoot(selection)
        ? costOfIntrospection(selection)
        : ownCost(selection) + cost * entries,
      texts: textNames.has(selection.name.value) ? 1 : texts * entries,
    }
  }

  /** All introspection of a document shares one limit, so that counting ends. */
  function costOfIntrospection(node: FieldNode): number {
    const cost = introspectionCost(schema, fragments, node, introspectionLeft)
    introspectionLeft = Math.max(0, introspectionLeft - cost)
    return introspectionLeft === 0 ? Infinity : cost
  }

  return document.definitions.flatMap((definition) => {
    if (definition.kind === Kind.OPERATION_DEFINITION) return [sizeOf(definition)]
    return definition.kind === Kind.FRAGMENT_DEFINITION ? [sizeOfFragment(definition.name.value)] : []
  })
}

/** A field such as `__schema`, or a fragment on a type such as `__Type`. */
function isIntrospection(node: Container): boolean {
  if (node.kind === Kind.OPERATION_DEFINITION) return false
  const { value = '' } = (node.kind === Kind.FIELD ? node.name : node.typeCondition?.name) ?? {}
  return value.startsWith('__')
}

const TEXT_TYPES = new Set(['ID', 'String'])

/** The default and the maximum number of entries of a list. */
interface Bounds {
  readonly fallback: number
  readonly most: number
}

/** Fields that return bounded lists, by name. */
type Lists = ReadonlyMap<string, Bounds>

/** How many entries a field requests. The resolver rejects arguments that are out of bounds. */
function entriesRequested({ arguments: given = [] }: FieldNode, bounds: Bounds | undefined): number {
  if (bounds === undefined) return 1
  const { fallback, most } = bounds
  const sizes = given
    .filter(({ name, value }) => ['first', 'last'].includes(name.value) && value.kind !== Kind.NULL)
    .map(({ value }) => (value.kind === Kind.INT ? Math.min(Number(value.value), most) : most))
  return sizes.length === 0 ? fallback : Math.max(1, ...sizes)
}

/** The names of fields that return arbitrary text. */
function textFields(schema: GraphQLSchema): ReadonlySet<string> {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType)
  const fields = types.flatMap((type) => Object.values(type.getFields()))
  return new Set(fields.filter(({ type }) => TEXT_TYPES.has(getNamedType(type).name)).map(({ name }) => name))
}

/** Fields with an argument `first`. If several have the same name, the largest bounds count. */
function boundedFields(schema: GraphQLSchema): Lists {
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) || isInterfaceType(type),
  )
  const lists = new Map<string, Bounds>()
  for (const { name, type, args } of types.flatMap((type) => Object.values(type.getFields()))) {
    const first = args.find((argument) => argument.name === 'first')
    if (first === undefined) continue
    const { fallback, most } = lists.get(name) ?? { fallback: 1, most: 1 }
    const isList = isListType(getNullableType(type))
    const usual = typeof first.defaultValue === 'number' ? first.defaultValue : DEFAULT_PAGE
    lists.set(name, {
      fallback: Math.max(fallback, usual),
      most: Math.max(most, isList ? MAX_ENTRIES : MAX_PAGE),
    })
  }
  return lists
}
