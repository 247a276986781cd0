/**
 * Compiles operations. Each time graphql-js executes a document, it collects the fields of each selection and looks up how to resolve
 * and complete them; a compiled operation has done so once. It handles only the normal case. Anything else, such as a resolver that
 * throws or a null in a non-null field, ends it with an exception, and graphql-js then executes the document to produce the errors for
 * the client. So only operations that may be executed twice are compiled.
 */
import {
  Kind,
  getArgumentValues,
  getOperationAST,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  locatedError,
  visit,
} from 'graphql'
import type {
  DocumentNode,
  ExecutionResult,
  FieldNode,
  GraphQLError,
  GraphQLField,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLResolveInfo,
  GraphQLSchema,
  SelectionNode,
} from 'graphql'
import type { ApiContext } from './context.ts'
import { tokensOf } from './document-size.ts'
import { fragmentsOf } from './fragments.ts'
import type { Fragments } from './fragments.ts'

export type Variables = Readonly<Record<string, unknown>>

/**
 * @param variables coerced
 * @throws if graphql-js has to execute the operation instead
 */
export type CompiledOperation = (
  root: unknown,
  context: ApiContext,
  variables: Variables,
) => ExecutionResult | Promise<ExecutionResult>

/** Turns a resolved value into the one in the answer. */
type Complete = (value: unknown, context: ApiContext, variables: Variables) => unknown

/** One field of the answer. */
interface Step {
  readonly name: string
  readonly nodes: readonly FieldNode[]
  readonly resolve: (parent: unknown, context: ApiContext, variables: Variables) => unknown
  readonly complete: Complete
  readonly isNonNull: boolean
}

type Data = Record<string, unknown>

/** Thrown if graphql-js has to execute the operation. */
class Unsupported extends Error {}

/**
 * How many more steps a document's operations may have. In total, a document may have as many steps as tokens. Otherwise a few fragments
 * that are spread many times, or by each of a hundred operations, would turn a short text into thousands of steps.
 */
const stepsLeft = new WeakMap<DocumentNode, number>()

/** @returns null if the operation has something that is not supported: a directive, an interface, introspection */
export function compileOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null,
): CompiledOperation | null {
  const operation = getOperationAST(document, operationName)
  const type = operation && schema.getRootType(operation.operation)
  if (operation == null || type == null) return null
  try {
    return operationOf(new Compiler(document).stepsOf(type, operation.selectionSet.selections))
  } catch (error) {
    if (error instanceof Unsupported) return null
    throw error
  }
}

function operationOf(steps: readonly Step[]): CompiledOperation {
  return (root, context, variables) => {
    const errors: GraphQLError[] = []
    const values = steps.map((step) => handled(orError(step, step.resolve(root, context, variables), errors)))
    const complete = (resolved: readonly unknown[]): ExecutionResult => {
      const data: Data = {}
      steps.forEach(({ name, complete }, at) => (data[name] = complete(resolved[at], context, variables)))
      return errors.length === 0 ? { data } : { errors, data }
    }
    if (!values.some(isPromise)) return complete(values)
    return Promise.all(values).then(complete, (error: GraphQLError) => {
      // Several root fields can fail; graphql-js reports their errors in the right order.
      if (steps.length > 1) throw error
      return { errors: [error], data: null }
    })
  }
}

/** Do not retry a failed root read in graphql-js: record the error, and return null if the field is nullable. */
function orError({ name, nodes, isNonNull }: Step, value: unknown, errors: GraphQLError[]): unknown {
  if (!isPromise(value)) return value
  return value.then(undefined, (reason: unknown) => {
    const error = locatedError(reason, nodes, [name])
    if (isNonNull) throw error
    errors.push(error)
    return null
  })
}

class Compiler {
  readonly #fragments: Fragments
  readonly #document: DocumentNode

  constructor(document: DocumentNode) {
    this.#document = document
    this.#fragments = fragmentsOf(document)
  }

  stepsOf(type: GraphQLObjectType, selections: readonly SelectionNode[]): Step[] {
    if (type.isTypeOf != null) throw new Unsupported()
    const nodes = new Map<string, FieldNode[]>()
    this.#collect(type, selections, nodes)
    return [...nodes].map(([name, all]) => this.#stepOf(type, name, all))
  }

  /** Nodes with the same response name are one field. */
  #collect(
    type: GraphQLObjectType,
    selections: readonly SelectionNode[],
    into: Map<string, FieldNode[]>,
  ): void {
    for (const node of selections) {
      if (node.directives !== undefined && node.directives.length > 0) throw new Unsupported()
      if (node.kind === Kind.FIELD) {
        const name = (node.alias ?? node.name).value
        into.set(name, [...(into.get(name) ?? []), node])
        continue
      }
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(node.name.value) : node
      const condition = fragment?.typeCondition?.name.value ?? type.name
      if (fragment === undefined || condition !== type.name) throw new Unsupported()
      this.#collect(type, fragment.selectionSet.selections, into)
    }
  }

  #stepOf(type: GraphQLObjectType, name: string, nodes: readonly FieldNode[]): Step {
    const left = (stepsLeft.get(this.#document) ?? tokensOf(this.#document).tokens) - 1
    stepsLeft.set(this.#document, left)
    // Assigning to `__proto__` would not create a key.
    if (left < 0 || name === '__proto__') throw new Unsupported()
    const node = nodes[0] as FieldNode
    if (node.name.value === '__typename') {
      const complete: Complete = () => type.name
      return { name, nodes, resolve: () => null, complete, isNonNull: true }
    }
    const field = type.getFields()[node.name.value]
    if (field === undefined) throw new Unsupported()
    const selections = nodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? [])
    const complete = this.#completionOf(field.type, selections)
    return { name, nodes, resolve: resolverOf(field, node), complete, isNonNull: isNonNullType(field.type) }
  }

  #completionOf(type: GraphQLOutputType, selections: readonly SelectionNode[]): Complete {
    if (isNonNullType(type)) {
      const complete = this.#completionOf(type.ofType, selections)
      return (value, context, variables) => nonNull(complete(value, context, variables))
    }
    if (isListType(type)) {
      const complete = this.#completionOf(type.ofType, selections)
      return (value, context, variables) => {
        if (value == null) return null
        if (!Array.isArray(value)) throw new Unsupported()
        return value.map((item) => complete(item, context, variables))
      }
    }
    if (isLeafType(type)) return (value) => (value == null ? null : nonNull(type.serialize(plain(value))))
    if (!isObjectType(type)) throw new Unsupported()
    const steps = this.stepsOf(type, selections)
    return (value, context, variables) => {
      if (value == null) return null
      const parent = plain(value)
      const data: Data = {}
      for (const { name, resolve, complete } of steps)
        data[name] = complete(resolve(parent, context, variables), context, variables)
      return data
    }
  }
}

function nonNull(value: unknown): unknown {
  if (value == null) throw new Unsupported()
  return value
}

/** graphql-js treats a returned error as a thrown one. */
function plain(value: unknown): unknown {
  if (typeof value === 'object' && (value instanceof Error || isPromise(handled(value))))
    throw new Unsupported()
  return value
}

/** A promise that is rejected after the operation has ended must not end the process. */
function handled(value: unknown): unknown {
  if (isPromise(value)) value.then(undefined, () => {})
  return value
}

export const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

function resolverOf(field: GraphQLField<unknown, unknown>, node: FieldNode): Step['resolve'] {
  const { name, resolve } = field
  if (resolve === undefined) {
    return (parent) => {
      const value = (parent as Data | null | undefined)?.[name]
      if (typeof value === 'function') throw new Unsupported()
      return value
    }
  }
  // No resolver of this schema uses it.
  const info = undefined as unknown as GraphQLResolveInfo
  const argsOf = argumentsOf(field, node)
  return (parent, context, variables) => resolve(parent, argsOf(variables), context, info)
}

type ArgumentsOf = (variables: Variables) => Record<string, unknown>

function argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode): ArgumentsOf {
  let isConstant = true
  visit(node, {
    Variable: () => void (isConstant = false),
    SelectionSet: () => false,
  })
  if (!isConstant) return (variables) => getArgumentValues(field, node, variables)
  const values = getArgumentValues(field, node)
  return () => values
}
