/**
 * Operations worked out ahead. Executing a document, graphql-js finds out each time which fields a selection comes to, and what
 * resolves and completes each of them; a plan has found that out once. It knows the plain course of events only. Whatever
 * else happens on the way, such as a resolver that throws or a null where none may be, ends it, and graphql-js executes the
 * document to say what clients should hear. So plans are for operations that may be executed twice.
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
 * @throws whatever ends it; nothing has come of it then
 */
export type Plan = (
  root: unknown,
  context: ApiContext,
  variables: Variables,
) => ExecutionResult | Promise<ExecutionResult>

/** From a value that was resolved to the one in the answer. */
type Complete = (value: unknown, context: ApiContext, variables: Variables) => unknown

/** A field of the answer. */
interface Step {
  readonly name: string
  readonly nodes: readonly FieldNode[]
  readonly resolve: (parent: unknown, context: ApiContext, variables: Variables) => unknown
  readonly complete: Complete
  readonly isNonNull: boolean
}

type Data = Record<string, unknown>

/** For graphql-js to do. */
class Unplanned extends Error {}

/**
 * All plans of a document together have as many steps as it has tokens. Otherwise a few fragments, spread over and over or by each of a
 * hundred operations, would make thousands of steps out of a short text.
 */
const stepsLeft = new WeakMap<DocumentNode, number>()

/** @returns null if the operation has something that plans do not know: a directive, an interface, introspection */
export function createPlan(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null,
): Plan | null {
  const operation = getOperationAST(document, operationName)
  const type = operation && schema.getRootType(operation.operation)
  if (operation == null || type == null) return null
  try {
    return planOf(new Planner(document).stepsOf(type, operation.selectionSet.selections))
  } catch (error) {
    if (error instanceof Unplanned) return null
    throw error
  }
}

function planOf(steps: readonly Step[]): Plan {
  return (root, context, variables) => {
    const errors: GraphQLError[] = []
    const values = steps.map((step) => watched(orError(step, step.resolve(root, context, variables), errors)))
    const complete = (resolved: readonly unknown[]): ExecutionResult => {
      const data: Data = {}
      steps.forEach(({ name, complete }, at) => (data[name] = complete(resolved[at], context, variables)))
      return errors.length === 0 ? { data } : { errors, data }
    }
    if (!values.some(isPromise)) return complete(values)
    return Promise.all(values).then(complete, (error: GraphQLError) => {
      // What else went wrong, and in which order, is for graphql-js to find out.
      if (steps.length > 1) throw error
      return { errors: [error], data: null }
    })
  }
}

/** What was read in vain is not to be read again only to hear the same: it becomes an error, and null if it may be null. */
function orError({ name, nodes, isNonNull }: Step, value: unknown, errors: GraphQLError[]): unknown {
  if (!isPromise(value)) return value
  return value.then(undefined, (reason: unknown) => {
    const error = locatedError(reason, nodes, [name])
    if (isNonNull) throw error
    errors.push(error)
    return null
  })
}

class Planner {
  readonly #fragments: Fragments
  readonly #document: DocumentNode

  constructor(document: DocumentNode) {
    this.#document = document
    this.#fragments = fragmentsOf(document)
  }

  stepsOf(type: GraphQLObjectType, selections: readonly SelectionNode[]): Step[] {
    if (type.isTypeOf != null) throw new Unplanned()
    const nodes = new Map<string, FieldNode[]>()
    this.#collect(type, selections, nodes)
    return [...nodes].map(([name, all]) => this.#stepOf(type, name, all))
  }

  /** Nodes of the same name in the answer are one field. */
  #collect(
    type: GraphQLObjectType,
    selections: readonly SelectionNode[],
    into: Map<string, FieldNode[]>,
  ): void {
    for (const node of selections) {
      if (node.directives !== undefined && node.directives.length > 0) throw new Unplanned()
      if (node.kind === Kind.FIELD) {
        const name = (node.alias ?? node.name).value
        into.set(name, [...(into.get(name) ?? []), node])
        continue
      }
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(node.name.value) : node
      const condition = fragment?.typeCondition?.name.value ?? type.name
      if (fragment === undefined || condition !== type.name) throw new Unplanned()
      this.#collect(type, fragment.selectionSet.selections, into)
    }
  }

  #stepOf(type: GraphQLObjectType, name: string, nodes: readonly FieldNode[]): Step {
    const left = (stepsLeft.get(this.#document) ?? tokensOf(this.#document).tokens) - 1
    stepsLeft.set(this.#document, left)
    // To assign to that name would be something else than to have a key of it.
    if (left < 0 || name === '__proto__') throw new Unplanned()
    const node = nodes[0] as FieldNode
    if (node.name.value === '__typename') {
      const complete: Complete = () => type.name
      return { name, nodes, resolve: () => null, complete, isNonNull: true }
    }
    const field = type.getFields()[node.name.value]
    if (field === undefined) throw new Unplanned()
    const selections = nodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? [])
    const complete = this.#completionOf(field.type, selections)
    return { name, nodes, resolve: resolverOf(field, node), complete, isNonNull: isNonNullType(field.type) }
  }

  #completionOf(type: GraphQLOutputType, selections: readonly SelectionNode[]): Complete {
    if (isNonNullType(type)) {
      const complete = this.#completionOf(type.ofType, selections)
      return (value, context, variables) => known(complete(value, context, variables))
    }
    if (isListType(type)) {
      const complete = this.#completionOf(type.ofType, selections)
      return (value, context, variables) => {
        if (value == null) return null
        if (!Array.isArray(value)) throw new Unplanned()
        return value.map((item) => complete(item, context, variables))
      }
    }
    if (isLeafType(type)) return (value) => (value == null ? null : known(type.serialize(plain(value))))
    if (!isObjectType(type)) throw new Unplanned()
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

function known(value: unknown): unknown {
  if (value == null) throw new Unplanned()
  return value
}

/** graphql-js takes an error that is returned for one that was thrown. */
function plain(value: unknown): unknown {
  if (typeof value === 'object' && (value instanceof Error || isPromise(watched(value))))
    throw new Unplanned()
  return value
}

/** That a promise is rejected after the plan has ended must not end the process. */
function watched(value: unknown): unknown {
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
      if (typeof value === 'function') throw new Unplanned()
      return value
    }
  }
  // No resolver here looks at it.
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
