/**
 * Turns a client's request into a live operation: validated as over HTTP, with coerced variables, and with a key that is equal for
 * operations that get the same results.
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
import { compiledDocumentBytes } from '../document-size.ts'
import { createExecute } from '../execute.ts'
import type { Execute } from '../execute.ts'
import { fragmentsOf } from '../fragments.ts'
import type { Fragments } from '../fragments.ts'
import { MAX_VALIDATION_ERRORS, MAX_VARIABLE_ERRORS, createLimitCheck, parseWithinLimits } from '../limits.ts'
import { isPromise } from '../compiled-operation.ts'
import { parseCursor } from '../../log/token.ts'
import { sourceOf } from './source.ts'
import type { LiveSource } from './source.ts'
import type { LiveStreams } from './streams.ts'

/** A request as a client sends it, over any transport. */
export interface LiveRequest {
  readonly query: string
  readonly operationName?: string | null | undefined
  readonly variables?: Record<string, unknown> | null | undefined
  /** `after`: the client's last cursor, which overrides the field's own argument; or `latest`, to begin with what comes next. */
  readonly extensions?: Record<string, unknown> | null | undefined
}

/** Who subscribes; null: anybody. */
export type Principal = string | null

export interface LiveOperation {
  /** Field and arguments, for people. */
  readonly name: string
  /** Contains everything that the results depend on, but not where a client begins in the ledger. */
  readonly key: string
  /** The source document, which several operations can share. */
  readonly document: LiveDocument
  /** Estimated memory beside the document. */
  readonly bytes: number
  readonly source: LiveSource
  /** Checks that the log has reached the client's cursor; see `Consistency`. Null: there is nothing to check. */
  readonly admit: () => Promise<void> | null
  /** Executes the operation with the given value of its root field. */
  readonly execute: (value: unknown, contextValue: ApiContext) => ExecutionResult
}

/** @returns the operation; null for a query or mutation; or the errors, which concern only this operation */
export type PrepareOperation = (
  request: LiveRequest,
  principal: Principal,
) => LiveOperation | null | readonly GraphQLError[]

export interface PrepareOptions {
  readonly schema: GraphQLSchema
  /** Leave the schema's names out of error messages. */
  readonly production: boolean
  readonly live: LiveStreams
  readonly memory: ClientMemory
}

/** A document that was parsed and validated. */
export interface LiveDocument {
  readonly document: DocumentNode
  /** By name of the operation. */
  readonly executes: Map<string | null, Execute>
  /** Estimated memory with all operations compiled. */
  readonly bytes: number
}

/** Estimated memory per operation beside its document, and per character of its key and variables. */
const OPERATION_BYTES = 4000
const CHARACTER_BYTES = 16

export function createPrepare({ schema, production, live, memory }: PrepareOptions): PrepareOperation {
  const exceeded = createLimitCheck(schema)
  const hideSuggestions = production
  const documents = memory.cache<string, LiveDocument>('liveDocuments', ({ bytes }) => bytes)

  /** @throws GraphQLError or InvalidOperation */
  function readDocument(query: string): LiveDocument {
    const before = documents.get(query)
    if (before !== undefined) return before
    const document = parseWithinLimits(query)
    const error = exceeded(document)
    if (error !== null) throw error
    const invalid = validate(schema, document, specifiedRules, {
      hideSuggestions,
      maxErrors: MAX_VALIDATION_ERRORS,
    })
    if (invalid.length > 0) throw new InvalidOperation(invalid)
    const read: LiveDocument = { document, executes: new Map(), bytes: compiledDocumentBytes(document) }
    documents.set(query, read)
    return read
  }

  /** One per document and operation name, whatever the variables. */
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
    if (operation == null) throw badUserInput('Name the operation to run in "operationName".')
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return null
    const { coerced, errors } = getVariableValues(
      schema,
      operation.variableDefinitions ?? [],
      variables ?? {},
      { maxErrors: MAX_VARIABLE_ERRORS, hideSuggestions },
    )
    if (errors !== undefined) throw new InvalidOperation(errors)
    const fragments = fragmentsOf(document)
    const nodes = rootNodes(operation, fragments, coerced)
    const node = nodes[0]
    if (node === undefined) throw badUserInput('The subscription selects no field.')
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
    const resumeAfter = source.kind === 'ledger' ? source.after : cursor
    const execute = executeOf(read, operationName ?? null)
    const watchedArgs = { ...args, after: undefined }
    const declared = declaredOnly(variables ?? {}, operation)
    const key = keyOf(nodes, fragments, watchedArgs, coerced, isShareable(field) ? null : principal)
    const text = key.length + JSON.stringify(declared).length
    return {
      name: `${field.name} ${canonicalJson(watchedArgs)}`,
      key,
      document: read,
      bytes: OPERATION_BYTES + CHARACTER_BYTES * text,
      source,
      admit: () => (resumeAfter === null ? null : live.admit(resumeAfter)),
      execute(value, context) {
        const result = execute({ [field.name]: value }, context, declared)
        if (isPromise(result)) throw new Error(`${field.name} does not resolve synchronously.`)
        return result
      },
    }
  }

  return (request, principal) => {
    try {
      return prepare(request, principal)
    } catch (error) {
      if (error instanceof InvalidOperation) return error.errors
      return [asGraphQLError(error)]
    }
  }
}

/** The variables that the operation declares. Others that a client sends are dropped. */
function declaredOnly(
  variables: Record<string, unknown>,
  { variableDefinitions = [] }: OperationDefinitionNode,
): Record<string, unknown> {
  const names = variableDefinitions.map(({ variable }) => variable.name.value)
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(variables, name)).map((name) => [name, variables[name]]),
  )
}

/** Results are shared only if the schema says that they do not depend on who subscribes. */
function isShareable({ astNode }: GraphQLField<unknown, unknown>): boolean {
  return astNode?.directives?.some(({ name }) => name.value === 'shareable') ?? false
}

class InvalidOperation extends Error {
  readonly errors: readonly GraphQLError[]

  constructor(errors: readonly GraphQLError[]) {
    super('The operation is invalid.')
    this.errors = errors
  }
}

/** The nodes of the operation's one root field: several if fragments select it again. */
function rootNodes(
  { selectionSet }: OperationDefinitionNode,
  fragments: Fragments,
  variables: Record<string, unknown>,
): FieldNode[] {
  const isIncluded = (node: SelectionNode) =>
    getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] !== true &&
    getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false
  const collect = (selections: readonly SelectionNode[]): FieldNode[] =>
    selections.filter(isIncluded).flatMap((node) => {
      if (node.kind === Kind.FIELD) return [node]
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node
      return collect(fragment?.selectionSet.selections ?? [])
    })
  return collect(selectionSet.selections)
}

/** Layout, comments, operation names and the order of fragments do not affect results, so the key does not contain them. */
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
  const fields = nodes.map((node) => ({ ...node, arguments: [], directives: [] }))
  for (const node of fields) note(node)
  return [
    ...fields.map(print),
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
