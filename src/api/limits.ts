/**
 * What a document may ask for, measured before anything else is done with it, validation included. What counts is its
 * size with all fragments written out: spread within one another, 1.5 KB of them stand for millions of fields.
 *
 * A fragment is measured once, however often it is spread, so that measuring takes time linear in the document. And
 * every fragment is measured, whether an operation uses it or not: validation looks at all of them.
 */
import { GraphQLError, Kind, isInterfaceType, isObjectType, parse } from 'graphql'
import type { DocumentNode, FieldNode, FragmentDefinitionNode, GraphQLSchema } from 'graphql'
import type { InlineFragmentNode, OperationDefinitionNode, ParseOptions, SelectionNode } from 'graphql'
import { DEFAULT_PAGE, MAX_PAGE } from './connection.ts'
import { fault } from './errors.ts'
import { fragmentsOf } from './fragments.ts'

type Container = OperationDefinitionNode | FragmentDefinitionNode | FieldNode | InlineFragmentNode

/** What one definition comes to. `cost` is the number of fields in its answer, roughly: pages count as full. */
interface Size {
  readonly depth: number
  readonly fields: number
  readonly aliases: number
  readonly directives: number
  readonly cost: number
}

const LIMITS: Size = { depth: 10, fields: 1000, aliases: 15, directives: 20, cost: 20_000 }
const NOTHING: Size = { depth: 0, fields: 0, aliases: 0, directives: 0, cost: 0 }

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

export function createLimitCheck(schema: GraphQLSchema): LimitCheck {
  const lists = pagedFields(schema)
  return (document) => {
    for (const size of sizesOf(document, lists)) {
      for (const what of ['depth', 'fields', 'aliases', 'directives', 'cost'] as const) {
        if (size[what] > LIMITS[what]) return fault('QUERY_TOO_COMPLEX', complaint(what))
      }
    }
    return null
  }
}

function complaint(what: keyof Size): string {
  const most = LIMITS[what]
  if (what === 'depth') return `The query is nested more than ${most} levels deep.`
  if (what === 'cost')
    return `The query could be answered with more than ${most} values; ask for smaller pages.`
  return `The query has more than ${most} ${what}, with its fragments written out.`
}

function sizesOf(document: DocumentNode, lists: ReadonlySet<string>): Size[] {
  const fragments = fragmentsOf(document)
  const measured = new Map<string, Size>()

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
    let { depth, fields, aliases, directives, cost } = NOTHING
    for (const selection of node.selectionSet?.selections ?? []) {
      const size = sizeOfSelection(selection)
      depth = Math.max(depth, size.depth)
      fields += size.fields
      aliases += size.aliases
      directives += size.directives
      cost += size.cost
    }
    // Introspection nests deeper than anything else, and graphql-js sees to its depth.
    if (isIntrospection(node)) depth = 0
    return { depth, fields, aliases, directives: directives + (node.directives?.length ?? 0), cost }
  }

  function sizeOfSelection(selection: SelectionNode): Size {
    if (selection.kind === Kind.INLINE_FRAGMENT) return sizeOf(selection)
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const { fields, directives, ...size } = sizeOfFragment(selection.name.value)
      // The spread counts, too: spreads of nothing are as much work to validate.
      return { ...size, fields: fields + 1, directives: directives + (selection.directives?.length ?? 0) }
    }
    const { depth, fields, aliases, directives, cost } = sizeOf(selection)
    const name = selection.name.value
    return {
      depth: depth + 1,
      fields: fields + 1,
      aliases: aliases + (selection.alias === undefined ? 0 : 1),
      directives,
      cost: 1 + cost * (lists.has(name) ? pageOf(selection) : 1),
    }
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

/** How many entries a list is asked for. One that is out of bounds is for the resolver to refuse, by its name. */
function pageOf({ arguments: given = [] }: FieldNode): number {
  const sizes = given
    .filter(({ name, value }) => ['first', 'last'].includes(name.value) && value.kind !== Kind.NULL)
    .map(({ value }) => (value.kind === Kind.INT ? Math.min(Number(value.value), MAX_PAGE) : MAX_PAGE))
  return sizes.length === 0 ? DEFAULT_PAGE : Math.max(1, ...sizes)
}

/** The names of the fields that answer a page at a time. */
function pagedFields(schema: GraphQLSchema): ReadonlySet<string> {
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) || isInterfaceType(type),
  )
  const fields = types.flatMap((type) => Object.values(type.getFields()))
  return new Set(
    fields.filter(({ args }) => args.some(({ name }) => name === 'first')).map(({ name }) => name),
  )
}
