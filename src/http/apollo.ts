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
  /** Leave the schema's names out of error messages. */
  readonly production: boolean
  readonly logger: Logger
  /** Receives errors that clients see masked. */
  readonly report: (error: unknown, requestId: string) => void
  /** Parsed documents. */
  readonly documentStore: DocumentStore
  /** Query texts that clients have registered. */
  readonly persistedQueries: TextStore
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
    // The limit check rejects introspection before Apollo does, with a better message.
    introspection,
    // No cookie identifies anybody, and only JSON bodies are accepted. So a page of another origin cannot send a command without a
    // preflight request, and cannot read the answers to its GET requests.
    csrfPrevention: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // For requests that fail before Apollo has an operation; the plugin `faults` formats all other errors.
    formatError: ({ message, extensions }) => ({
      message,
      extensions: { retryable: false, ...extensions, code: faultCode(extensions?.['code']) },
    }),
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      // Browsers would load the landing page from the internet.
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

/** Formats errors for clients. A plugin, because `formatError` does not get the request id. */
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

/** `hideSuggestions` covers validation errors; Apollo has no such option for errors in variables. */
const withoutSuggestions: Listener = {
  async willSendResponse({ errors = [] }) {
    for (const error of errors) error.message = withoutSuggestion(error.message)
  },
}

/** Apollo would execute a subscription as a query, so reject it here. */
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
 * GraphQL over HTTP: a client that accepts only `application/json` gets status 200 for a well-formed request that GraphQL
 * rejects, because such a client may take any other status for a proxy's.
 */
const legacyStatus: Listener = {
  async willSendResponse({ request: { http }, response, errors = [] }) {
    const accept = http?.headers.get('accept') ?? ''
    const legacy =
      accept.includes('application/json') && !accept.includes('application/graphql-response+json')
    const isWellFormed = errors.every(({ extensions }) => extensions['code'] !== 'BAD_REQUEST')
    if (legacy && isWellFormed && response.http.status === 400) response.http.status = 200
  },
}
