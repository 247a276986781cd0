import { ApolloServer } from '@apollo/server'
import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import { OperationTypeNode } from 'graphql'
import type { GraphQLSchema } from 'graphql'
import type { Logger } from 'pino'
import type { ApiContext } from '../graphql/context.ts'
import { badUserInput, faultCode, formatFault } from '../graphql/errors.ts'
import type { DocumentStore, TextStore } from './key-value-cache.ts'
import { MAX_VALIDATION_ERRORS, MAX_VARIABLE_ERRORS, parseOptions } from '../graphql/limits.ts'
import { withoutSuggestion } from '../graphql/suggestions.ts'

export interface ApolloOptions {
  readonly schema: GraphQLSchema
  readonly introspection: boolean
  /** Hide from clients' typing mistakes what the schema would have had to offer. */
  readonly production: boolean
  readonly logger: Logger
  /** Told of errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
  /** What Apollo remembers: documents that it has read, and texts that clients have registered. */
  readonly documentStore: DocumentStore
  readonly persistedQueries: TextStore
  /** Others who want to know what becomes of requests. */
  readonly plugins: readonly ApolloServerPlugin<ApiContext>[]
}

export function createApollo({
  schema,
  introspection,
  production,
  logger,
  report,
  documentStore,
  persistedQueries,
  plugins,
}: ApolloOptions): ApolloServer<ApiContext> {
  return new ApolloServer<ApiContext>({
    schema,
    documentStore,
    persistedQueries: { cache: persistedQueries },
    parseOptions,
    executionOptions: { maxCoercionErrors: MAX_VARIABLE_ERRORS },
    validationOptions: { maxErrors: MAX_VALIDATION_ERRORS, hideSuggestions: production },
    logger,
    // The check of limits refuses it in its own words before.
    introspection,
    // Nobody is recognized by a cookie, and only JSON bodies are read: a page of another origin can send no command without
    // having asked first, and cannot read what its GET requests are answered.
    csrfPrevention: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // For requests that are refused before they become an operation; a plugin below sees to all others.
    formatError: ({ message, extensions }) => ({
      message,
      extensions: { retryable: false, ...extensions, code: faultCode(extensions?.['code']) },
    }),
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      // It would be loaded from the internet.
      ApolloServerPluginLandingPageDisabled(),
      onEachRequest({ ...subscriptionsElsewhere, ...legacyStatus }),
      ...(production ? [onEachRequest(withoutSuggestions)] : []),
      faults(report),
      ...plugins,
    ],
  })
}

type Listener = GraphQLRequestListener<ApiContext>

function onEachRequest(listener: Listener): ApolloServerPlugin<ApiContext> {
  return { requestDidStart: async () => listener }
}

/** Errors as clients are to see them. A plugin, because only it knows which request they belong to. */
function faults(report: ApolloOptions['report']): ApolloServerPlugin<ApiContext> {
  return onEachRequest({
    async willSendResponse({ errors, response: { body }, contextValue: { requestId } }) {
      if (errors === undefined || body.kind !== 'single') return
      body.singleResult.errors = errors.map((error) =>
        formatFault(error, requestId, (cause) => report(cause, requestId)),
      )
    },
  })
}

/** Validation has been asked to leave them out; of variables, Apollo does not let us ask. */
const withoutSuggestions: Listener = {
  async willSendResponse({ errors = [] }) {
    for (const error of errors) error.message = withoutSuggestion(error.message)
  },
}

/** Executed as if it were a query, a subscription would make no sense of itself. */
const subscriptionsElsewhere: Listener = {
  async didResolveOperation({ operation, response }) {
    if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return
    response.http.status = 400
    throw badUserInput(
      'Subscriptions need WebSocket (graphql-transport-ws), server-sent events (Accept: text/event-stream) or multipart (Accept: multipart/mixed; subscriptionSpec="1.0").',
    )
  },
}

/**
 * GraphQL over HTTP: to a client that takes `application/json` only, a well-formed request that GraphQL refuses is
 * answered 200, because such a client may take any other status for the word of a proxy.
 */
const legacyStatus: Listener = {
  async willSendResponse({ request: { http }, response, errors = [] }) {
    const accept = http?.headers.get('accept') ?? ''
    const legacy =
      accept.includes('application/json') && !accept.includes('application/graphql-response+json')
    const refused = errors.every(({ extensions }) => extensions['code'] !== 'BAD_REQUEST')
    if (legacy && refused && response.http.status === 400) response.http.status = 200
  },
}
