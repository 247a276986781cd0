import { ApolloServer } from '@apollo/server'
import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server'
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled'
import type { GraphQLSchema } from 'graphql'
import type { ApiContext } from './context.ts'
import { formatFault } from './errors.ts'
import { parseOptions } from './limits.ts'

export interface ApolloOptions {
  readonly schema: GraphQLSchema
  /** Hide from clients' typing mistakes what the schema would have had to offer. */
  readonly production: boolean
  /** Told of errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
}

export function createApollo({ schema, production, report }: ApolloOptions): ApolloServer<ApiContext> {
  return new ApolloServer<ApiContext>({
    schema,
    parseOptions,
    introspection: true,
    hideSchemaDetailsFromClientErrors: production,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // For requests that are refused before they become an operation; the plugin below sees to all others.
    formatError: ({ message, extensions }) => ({ message, extensions: { retryable: false, ...extensions } }),
    plugins: [ApolloServerPluginCacheControlDisabled(), faults(report)],
  })
}

/** Errors as clients are to see them. A plugin, because only it knows which request they belong to. */
function faults(report: ApolloOptions['report']): ApolloServerPlugin<ApiContext> {
  const onRequest: GraphQLRequestListener<ApiContext> = {
    async willSendResponse({ errors, response: { body }, contextValue: { requestId } }) {
      if (errors === undefined || body.kind !== 'single') return
      body.singleResult.errors = errors.map((error) =>
        formatFault(error, requestId, (cause) => report(cause, requestId)),
      )
    },
  }
  return { requestDidStart: async () => onRequest }
}
