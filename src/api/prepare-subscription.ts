import { GraphQLError, OperationTypeNode, getOperationAST, specifiedRules, validate } from 'graphql'
import type { ExecutionArgs, GraphQLSchema } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import type { ApiContext } from './context.ts'
import { badUserInput } from './errors.ts'
import { createLimitCheck, parseWithinLimits } from './limits.ts'

export interface PrepareOptions {
  readonly schema: GraphQLSchema
  /** Hide from clients' typing mistakes what the schema would have had to offer. */
  readonly production: boolean
}

/** What to execute; or why not, which concerns this subscription alone and leaves the connection open. */
export type PrepareSubscription = (
  payload: SubscribePayload,
  contextValue: ApiContext,
) => ExecutionArgs | GraphQLError[]

/** The same checks as over HTTP, of which Apollo Server makes none here. */
export function createPrepareSubscription({ schema, production }: PrepareOptions): PrepareSubscription {
  const exceeded = createLimitCheck(schema)
  const hideSuggestions = production
  return ({ query, operationName, variables }, contextValue) => {
    let document
    try {
      document = parseWithinLimits(query)
    } catch (error) {
      return [error as GraphQLError]
    }
    const refusal = exceeded(document)
    if (refusal !== null) return [refusal]
    const invalid = validate(schema, document, specifiedRules, { hideSuggestions })
    if (invalid.length > 0) return [...invalid]
    const operation = getOperationAST(document, operationName)
    if (operation == null) return [badUserInput('Say with "operationName" which of the operations is meant.')]
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) {
      const message = `Only subscriptions go over WebSocket; send the ${operation.operation} over HTTP.`
      return [badUserInput(message)]
    }
    return {
      schema,
      document,
      operationName: operationName ?? null,
      variableValues: variables ?? null,
      contextValue,
      hideSuggestions,
    }
  }
}
