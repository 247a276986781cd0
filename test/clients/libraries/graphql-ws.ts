/** graphql-ws alone for subscriptions, and `fetch` for queries and mutations. */
import { createClient } from 'graphql-ws'
import { ALLOCATE, PRODUCT, WATCH, socketOptions } from './library.ts'
import type { Library } from './library.ts'

export const graphqlWs: Library = {
  normalizes: false,
  connect(url) {
    const { retryWait: _, ...asTheReadmeHasIt } = socketOptions(url)
    const client = createClient(asTheReadmeHasIt)

    async function ask(query: string, variables: object): Promise<any> {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      })
      const { data, errors } = (await response.json()) as any
      if (errors !== undefined) throw new Error(JSON.stringify(errors))
      return data
    }

    return {
      product: async (sku) => (await ask(PRODUCT, { sku })).product,
      allocate: async (input) => (await ask(ALLOCATE, { input, sku: input.sku })).allocate.query.product,
      watch(skus, { next, error }) {
        client.subscribe<any>(
          { query: WATCH, variables: { skus } },
          {
            next: ({ data, errors }) =>
              errors === undefined ? next(data.availabilityChanged) : error(errors),
            error,
            complete: () => error('It was completed.'),
          },
        )
      },
      stored: () => null,
      close: async () => client.dispose(),
    }
  },
}
