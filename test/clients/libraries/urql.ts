/** urql: its document cache, fetch, and graphql-ws for subscriptions. */
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core'
import { createClient } from 'graphql-ws'
import { ALLOCATE, PRODUCT, WATCH, socketOptions } from './library.ts'
import type { Library } from './library.ts'

export const urql: Library = {
  normalizes: false,
  connect(url) {
    const socket = createClient(socketOptions(url))
    const client = new Client({
      url: `${url}/graphql`,
      exchanges: [
        cacheExchange,
        fetchExchange,
        subscriptionExchange({
          forwardSubscription: ({ query = '', variables }) => ({
            subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink as any) }),
          }),
        }),
      ],
    })
    return {
      async product(sku) {
        const { data, error } = await client.query(PRODUCT, { sku }, { requestPolicy: 'network-only' })
        if (error !== undefined) throw error
        return data.product
      },
      async allocate(input) {
        const { data, error } = await client.mutation(ALLOCATE, { input, sku: input.sku })
        if (error !== undefined) throw error
        return data.allocate.query.product
      },
      watch(skus, { next, error }) {
        client.subscription(WATCH, { skus }).subscribe((result) => {
          if (result.error !== undefined) error(result.error)
          else next(result.data.availabilityChanged)
        })
      },
      stored: () => null,
      close: async () => socket.dispose(),
    }
  },
}
