import { execute, getOperationAST, getVariableValues } from 'graphql'
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql'
import type { ApiContext } from './context.ts'
import { MAX_VARIABLE_ERRORS } from './limits.ts'
import { compileOperation, isPromise } from './compiled-operation.ts'
import type { CompiledOperation } from './compiled-operation.ts'

export interface ExecuteOptions {
  readonly schema: GraphQLSchema
  /** A valid document. */
  readonly document: DocumentNode
  readonly operationName: string | null
  /** Whether the operation changes nothing, so that it may be executed twice. */
  readonly repeatable: boolean
}

/** @param variables as the client sent them */
export type Execute = (
  root: unknown,
  context: ApiContext,
  variables: Readonly<Record<string, unknown>> | undefined,
) => ExecutionResult | Promise<ExecutionResult>

/** Prepares an operation for many executions: compiled on first use if possible, otherwise executed by graphql-js. */
export function createExecute({ schema, document, operationName, repeatable }: ExecuteOptions): Execute {
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? []
  let compiled: CompiledOperation | null | undefined = repeatable ? undefined : null
  const withGraphQL: Execute = (rootValue, contextValue, variables) =>
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
    if (compiled === undefined) compiled = compileOperation(schema, document, operationName)
    if (compiled === null) return withGraphQL(root, context, variables)
    const { coerced } = getVariableValues(schema, definitions, variables ?? {}, { maxErrors: 1 })
    if (coerced === undefined) return withGraphQL(root, context, variables)
    try {
      const result = compiled(root, context, coerced)
      return isPromise(result) ? result.catch(() => withGraphQL(root, context, variables)) : result
    } catch {
      return withGraphQL(root, context, variables)
    }
  }
}
