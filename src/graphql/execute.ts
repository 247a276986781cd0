import { execute, getOperationAST, getVariableValues } from 'graphql'
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql'
import type { ApiContext } from './context.ts'
import { MAX_VARIABLE_ERRORS } from './limits.ts'
import { createPlan, isPromise } from './plan.ts'
import type { Plan } from './plan.ts'

export interface ExecuteOptions {
  readonly schema: GraphQLSchema
  /** Found valid. */
  readonly document: DocumentNode
  readonly operationName: string | null
  /** Nothing changes by it, so that it may be executed twice. */
  readonly repeatable: boolean
}

/** @param variables as the client has sent them */
export type Execute = (
  root: unknown,
  context: ApiContext,
  variables: Readonly<Record<string, unknown>> | undefined,
) => ExecutionResult | Promise<ExecutionResult>

/** Executes an operation again and again: as it was planned if that can be done, and as graphql-js does it if not. */
export function createExecute({ schema, document, operationName, repeatable }: ExecuteOptions): Execute {
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? []
  let plan: Plan | null | undefined = repeatable ? undefined : null
  const asUsual: Execute = (rootValue, contextValue, variables) =>
    execute({
      schema,
      document,
      rootValue,
      contextValue,
      variableValues: variables ?? null,
      operationName,
      options: { maxCoercionErrors: MAX_VARIABLE_ERRORS },
    })
  return (root, context, variables) => {
    if (plan === undefined) plan = createPlan(schema, document, operationName)
    if (plan === null) return asUsual(root, context, variables)
    const { coerced } = getVariableValues(schema, definitions, variables ?? {}, { maxErrors: 1 })
    if (coerced === undefined) return asUsual(root, context, variables)
    try {
      const result = plan(root, context, coerced)
      return isPromise(result) ? result.catch(() => asUsual(root, context, variables)) : result
    } catch {
      return asUsual(root, context, variables)
    }
  }
}
