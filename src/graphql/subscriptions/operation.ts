/**
 * From what a client sends to a live operation: checked as over HTTP, with its variables coerced, and with a key that tells
 * which other operations get the very same results.
 */
import {
  GraphQLError,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  OperationTypeNode,
  getArgumentValues,
  getDirectiveValues,
  getOperationAST,
  getVariableValues,
  print,
  specifiedRules,
  validate,
  visit,
} from 'graphql'
import type {
  DocumentNode,
  ExecutionResult,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
} from 'graphql'
import type { ClientMemory } from '../../admission/client-memory.ts'
import type { ApiContext } from '../context.ts'
import { asGraphQLError, badUserInput } from '../errors.ts'
import { plannedDocumentBytes } from '../document-size.ts'
import { createExecute } from '../execute.ts'
import type { Execute } from '../execute.ts'
import { fragmentsOf } from '../fragments.ts'
import type { Fragments } from '../fragments.ts'
import { MAX_VALIDATION_ERRORS, MAX_VARIABLE_ERRORS, createLimitCheck, parseWithinLimits } from '../limits.ts'
import { isPromise } from '../plan.ts'
import { parseCursor } from '../../log/token.ts'
import { sourceOf } from './source.ts'
import type { LiveSource } from './source.ts'
import type { LiveStreams } from './streams.ts'

/** As it comes from a client, over whichever transport. */
export interface LiveRequest {
  readonly query: string
  readonly operationName?: string | null | undefined
  readonly variables?: Record<string, unknown> | null | undefined
  /** `after`: where the client left off, in place of the field's own argument; or `latest`, to begin with what comes next. */
  readonly extensions?: Record<string, unknown> | null | undefined
}

/** Who asks; null: nobody in particular. */
export type Principal = string | null

export interface LiveOperation {
  /** What it watches, for people. */
  readonly name: string
  /** Of all that its results depend on. Where one begins in the ledger is not part of it. */
  readonly key: string
  /** What it was made of; others may have the same. */
  readonly document: LiveDocument
  /** What it takes in memory beside its document. */
  readonly bytes: number
  readonly source: LiveSource
  /** Checks that the log has come to where the client left off: see `Consistency`. */
  readonly admit: () => Promise<void> | null
  /** The field's answer in the client's words. */
  readonly execute: (answer: unknown, contextValue: ApiContext) => ExecutionResult
}

/** @returns the operation; null for a query or mutation; or why not, which concerns this operation alone */
export type PrepareOperation = (
  request: LiveRequest,
  principal: Principal,
) => LiveOperation | null | readonly GraphQLError[]

export interface PrepareOptions {
  readonly schema: GraphQLSchema
  /** Hide from clients' typing mistakes what the schema would have had to offer. */
  readonly production: boolean
  readonly live: LiveStreams
  readonly memory: ClientMemory
}

/** A document that was read and checked. */
export interface LiveDocument {
  readonly document: DocumentNode
  /** By name of the operation. */
  readonly executes: Map<string | null, Execute>
  /** With all plans that can be made of it. */
  readonly bytes: number
}

/** What an operation takes beside its document, and for each character of its key and variables. */
const OPERATION_BYTES = 4000
const CHARACTER_BYTES = 16

export function createPrepare({ schema, production, live, memory }: PrepareOptions): PrepareOperation {
  const exceeded = createLimitCheck(schema)
  const hideSuggestions = production
  const known = memory.cache<string, LiveDocument>('liveDocuments', ({ bytes }) => bytes)

  /** @throws GraphQLError, or several */
  function readDocument(query: string): LiveDocument {
    const before = known.get(query)
    if (before !== undefined) return before
    const document = parseWithinLimits(query)
    const refusal = exceeded(document)
    if (refusal !== null) throw refusal
    const invalid = validate(schema, document, specifiedRules, {
      hideSuggestions,
      maxErrors: MAX_VALIDATION_ERRORS,
    })
    if (invalid.length > 0) throw new Refused(invalid)
    const read: LiveDocument = { document, executes: new Map(), bytes: plannedDocumentBytes(document) }
    known.set(query, read)
    return read
  }

  /** One for all who ask with that text, whatever their variables. */
  function executeOf({ document, executes }: LiveDocument, operationName: string | null): Execute {
    const before = executes.get(operationName)
    if (before !== undefined) return before
    const execute = createExecute({ schema, document, operationName, repeatable: true })
    executes.set(operationName, execute)
    return execute
  }

  function prepare(
    { query, operationName, variables, extensions }: LiveRequest,
    principal: Principal,
  ): LiveOperation | null {
    const read = readDocument(query)
    const { document } = read
    const operation = getOperationAST(document, operationName)
    if (operation == null) throw badUserInput('Say with "operationName" which of the operations is meant.')
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return null
    const { coerced, errors } = getVariableValues(
      schema,
      operation.variableDefinitions ?? [],
      variables ?? {},
      { maxErrors: MAX_VARIABLE_ERRORS, hideSuggestions },
    )
    if (errors !== undefined) throw new Refused(errors)
    const fragments = fragmentsOf(document)
    const nodes = rootNodes(operation, fragments, coerced)
    const node = nodes[0]
    if (node === undefined) throw badUserInput('The subscription asks for nothing.')
    const open = sourceOf(node.name.value)
    const field = schema.getSubscriptionType()?.getFields()[node.name.value]
    if (open === undefined || field === undefined) {
      throw badUserInput(`"${node.name.value}" cannot be subscribed to.`)
    }
    const args = getArgumentValues(field, node, coerced)
    const after = extensions?.['after']
    if (after != null && typeof after !== 'string') throw badUserInput('"extensions.after" is not a string.')
    if (typeof after === 'string' && field.args.some(({ name }) => name === 'after')) args['after'] = after
    const source = open(args, live)
    const cursor =
      source.kind === 'ledger' || after == null || after === 'latest' ? null : parseCursor(after, null)
    const leftOff = source.kind === 'ledger' ? source.after : cursor
    const execute = executeOf(read, operationName ?? null)
    const watched = { ...args, after: undefined }
    const declared = only(variables ?? {}, operation)
    const key = keyOf(nodes, fragments, watched, coerced, isShareable(field) ? null : principal)
    const text = key.length + JSON.stringify(declared).length
    return {
      name: `${field.name} ${canonicalJson(watched)}`,
      key,
      document: read,
      bytes: OPERATION_BYTES + CHARACTER_BYTES * text,
      source,
      admit: () => (leftOff === null ? null : live.admit(leftOff)),
      execute(answer, context) {
        const result = execute({ [field.name]: answer }, context, declared)
        if (isPromise(result)) throw new Error(`${field.name} has more to wait for than its answer.`)
        return result
      },
    }
  }

  return (request, principal) => {
    try {
      return prepare(request, principal)
    } catch (error) {
      if (error instanceof Refused) return error.errors
      return [asGraphQLError(error)]
    }
  }
}

/** The variables that the operation declares: others that a client sends are not kept. */
function only(
  variables: Record<string, unknown>,
  { variableDefinitions = [] }: OperationDefinitionNode,
): Record<string, unknown> {
  const names = variableDefinitions.map(({ variable }) => variable.name.value)
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(variables, name)).map((name) => [name, variables[name]]),
  )
}

/** The schema says that the field's results are the same whoever asks. Without its word they are not shared. */
function isShareable({ astNode }: GraphQLField<unknown, unknown>): boolean {
  return astNode?.directives?.some(({ name }) => name.value === 'shareable') ?? false
}

class Refused extends Error {
  readonly errors: readonly GraphQLError[]

  constructor(errors: readonly GraphQLError[]) {
    super('The operation is refused.')
    this.errors = errors
  }
}

/** The nodes of the operation's one field: several where fragments ask for it again. */
function rootNodes(
  { selectionSet }: OperationDefinitionNode,
  fragments: Fragments,
  variables: Record<string, unknown>,
): FieldNode[] {
  const isAskedFor = (node: SelectionNode) =>
    getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] !== true &&
    getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false
  const collect = (selections: readonly SelectionNode[]): FieldNode[] =>
    selections.filter(isAskedFor).flatMap((node) => {
      if (node.kind === Kind.FIELD) return [node]
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node
      return collect(fragment?.selectionSet.selections ?? [])
    })
  return collect(selectionSet.selections)
}

/** Neither layout and comments nor names of operations and fragments' order make a difference to results. */
function keyOf(
  nodes: readonly FieldNode[],
  fragments: Fragments,
  args: Record<string, unknown>,
  variables: Record<string, unknown>,
  principal: Principal,
): string {
  const spread = new Set<string>()
  const used = new Set<string>()
  const note = (node: FieldNode | FragmentDefinitionNode): void => {
    visit(node, {
      Variable: ({ name }) => void used.add(name.value),
      FragmentSpread({ name: { value } }) {
        const fragment = fragments.get(value)
        if (fragment === undefined || spread.has(value)) return
        spread.add(value)
        note(fragment)
      },
    })
  }
  const asked = nodes.map((node) => ({ ...node, arguments: [], directives: [] }))
  for (const node of asked) note(node)
  return [
    ...asked.map(print),
    ...[...spread].toSorted().map((name) => print(fragments.get(name) as FragmentDefinitionNode)),
    canonicalJson([principal, args, [...used].toSorted().map((name) => [name, variables[name]])]),
  ].join('\n')
}

function canonicalJson(values: unknown): string {
  return JSON.stringify(values, (_, value) => {
    if (typeof value === 'bigint') return String(value)
    return value instanceof Map ? [...value] : value
  })
}
