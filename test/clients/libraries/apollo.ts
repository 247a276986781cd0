/** Apollo Client: HTTP for queries and mutations, graphql-ws for subscriptions, and the normalized cache. */
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client/core'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { OperationTypeNode } from 'graphql'
import { createClient } from 'graphql-ws'
import { ALLOCATE, PRODUCT, WATCH, socketOptions } from './library.ts'
import type { Library } from './library.ts'

export const apollo: Library = {
  normalizes: true,
  connect(url) {
    const socket = createClient(socketOptions(url))
    const client = new ApolloClient({
      link: ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(socket),
        new HttpLink({ uri: `${url}/graphql` }),
      ),
      cache: new InMemoryCache({ typePolicies: { Product: { keyFields: ['sku'] } } }),
    })
    const shown = new Map<string, any>()
    return {
      async product(sku) {
        const variables = { sku }
        const { data } = await client.query<any>({
          query: gql(PRODUCT),
          variables,
          fetchPolicy: 'network-only',
        })
        // Watches the cache, as a component with this query does, without another request.
        client
          .watchQuery<any>({ query: gql(PRODUCT), variables, fetchPolicy: 'cache-only' })
          .subscribe((result) => shown.set(sku, result.data?.product))
        return data.product
      },
      async allocate(input) {
        const { data } = await client.mutate<any>({
          mutation: gql(ALLOCATE),
          variables: { input, sku: input.sku },
        })
        return data.allocate.query.product
      },
      watch(skus, { next, error }) {
        client.subscribe<any>({ query: gql(WATCH), variables: { skus } }).subscribe({
          next: (result) =>
            result.error === undefined ? next(result.data.availabilityChanged) : error(result.error),
          error,
          complete: () => error('It was completed.'),
        })
      },
      stored: (sku) => shown.get(sku) ?? null,
      async close() {
        client.stop()
        await socket.dispose()
      },
    }
  },
}
