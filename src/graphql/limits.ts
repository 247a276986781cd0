/**
 * What a document may ask for, measured before anything else is done with it, validation included. What counts is its
 * size with all fragments written out: spread within one another, 1.5 KB of them stand for millions of fields.
 *
 * A fragment is measured once, however often it is spread, so that measuring takes time linear in the document. And
 * every fragment is measured, whether an operation uses it or not: validation looks at all of them.
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
 * What one definition comes to. `cost` is the number of values in its answer, roughly: lists count as full. `texts` are those of
 * them that can have 255 characters, which clients choose: references, SKUs, ids.
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
/** Values in the answers to all introspection of a document. That of the usual tools comes to 4,000. */
const MAX_INTROSPECTION = 10_000
const NOTHING: Size = { depth: 0, fields: 0, aliases: 0, directives: 0, cost: 0, texts: 0 }

const MAX_TOKENS = 1000
export const parseOptions: ParseOptions = { maxTokens: MAX_TOKENS }
/** Each error says in which line it is, for which graphql-js looks through the text from its start. */
const MAX_LINES = 3000
export const MAX_VALIDATION_ERRORS = 20
/** Each error of a variable quotes all of its value. */
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

/** Lines end with `\n`, `\r` or both, as they do for graphql-js. */
function linesOf(source: string): number {
  let lines = 1
  for (let at = 0; at < source.length; at += 1)
    if (source[at] === '\n' || (source[at] === '\r' && source[at + 1] !== '\n')) lines += 1
  return lines
}

/** @returns why a document is refused; null if it is not */
export type LimitCheck = (document: DocumentNode) => GraphQLError | null

/** @param introspection whether clients may ask for the schema */
export function createLimitCheck(schema: GraphQLSchema, { introspection = true } = {}): LimitCheck {
  const lists = boundedFields(schema)
  const texts = textFields(schema)
  return (document) => {
    if (!introspection && hasIntrospection(document)) return fault('FORBIDDEN', INTROSPECTION_OFF)
    for (const size of sizesOf(document, schema, lists, texts)) {
      for (const what of ['depth', 'fields', 'aliases', 'directives', 'cost', 'texts'] as const) {
        if (size[what] > LIMITS[what]) return fault('QUERY_TOO_COMPLEX', complaint(what))
      }
    }
    return null
  }
}

const INTROSPECTION_OFF =
  'Introspection is off (INTROSPECTION=off). The schema comes with the package, in its directory "schema".'

function complaint(what: keyof Size): string {
  const most = LIMITS[what]
  if (what === 'depth') return `The query is nested more than ${most} levels deep.`
  if (what === 'cost' || what === 'texts')
    return `The query could be answered with more than ${most} ${what === 'cost' ? 'values' : 'ids, references and other texts'}; ask for smaller pages ("first"), or for less of each entry.`
  return `The query has more than ${most} ${what}, with its fragments written out.`
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
    const known = measured.get(name)
    if (known !== undefined) return known
    // One that spreads itself is for validation to refuse; here it must only come to an end.
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
    // Introspection nests deeper than anything else, and graphql-js sees to its depth.
    if (isIntrospection(node)) depth = 0
    return { depth, fields, aliases, directives: directives + (node.directives?.length ?? 0), cost, texts }
  }

  function sizeOfSelection(selection: SelectionNode): Size {
    if (selection.kind === Kind.INLINE_FRAGMENT) return sizeOf(selection)
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const { fields, directives, ...size } = sizeOfFragment(selection.name.value)
      // The spread counts, too: spreads of nothing are as much work to validate.
      return { ...size, fields: fields + 1, directives: directives + (selection.directives?.length ?? 0) }
    }
    const { depth, fields, aliases, directives, cost, texts } = sizeOf(selection)
    const entries = entriesAskedFor(selection, lists.get(selection.name.value))
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

  /** All of a document's share one limit, so that counting ends, however often a document asks. */
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

/** How many entries a list has if a client does not say, and at most. */
interface Bounds {
  readonly fallback: number
  readonly most: number
}

/** Fields that answer with lists of bounded length, by their names. */
type Lists = ReadonlyMap<string, Bounds>

/** How many entries a list is asked for. One that is out of bounds is for the resolver to refuse, by its name. */
function entriesAskedFor({ arguments: given = [] }: FieldNode, bounds: Bounds | undefined): number {
  if (bounds === undefined) return 1
  const { fallback, most } = bounds
  const sizes = given
    .filter(({ name, value }) => ['first', 'last'].includes(name.value) && value.kind !== Kind.NULL)
    .map(({ value }) => (value.kind === Kind.INT ? Math.min(Number(value.value), most) : most))
  return sizes.length === 0 ? fallback : Math.max(1, ...sizes)
}

/** The names of fields that answer with a text of any content. */
function textFields(schema: GraphQLSchema): ReadonlySet<string> {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType)
  const fields = types.flatMap((type) => Object.values(type.getFields()))
  return new Set(fields.filter(({ type }) => TEXT_TYPES.has(getNamedType(type).name)).map(({ name }) => name))
}

/** Those that take `first`. Where several have one name, the largest counts. */
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
