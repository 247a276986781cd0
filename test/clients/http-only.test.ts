/** Libraries that subscribe over HTTP only, each with its default transport. */
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client/core'
import { Client, fetchExchange } from '@urql/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestOnhand } from '../support/onhand.ts'
import type { TestOnhand } from '../support/onhand.ts'
import { allocate, createBatch } from '../support/operations.ts'
import { until } from '../support/until.ts'
import { WATCH } from './libraries/library.ts'

/** @returns a function that ends it */
type Watch = (url: string, sku: string, next: (available: number) => void) => () => void

const apollo: Watch = (url, sku, next) => {
  const client = new ApolloClient({
    link: new HttpLink({ uri: `${url}/graphql` }),
    cache: new InMemoryCache(),
  })
  const subscription = client
    .subscribe<any>({ query: gql(WATCH), variables: { skus: [sku] } })
    .subscribe(({ data, error }) => {
      expect(error).toBeUndefined()
      next(data.availabilityChanged.available)
    })
  return () => subscription.unsubscribe()
}

const urql: Watch = (url, sku, next) => {
  const client = new Client({ url: `${url}/graphql`, exchanges: [fetchExchange], fetchSubscriptions: true })
  const subscription = client.subscription(WATCH, { skus: [sku] }).subscribe(({ data, error }) => {
    expect(error).toBeUndefined()
    next(data.availabilityChanged.available)
  })
  return () => subscription.unsubscribe()
}

let onhand: TestOnhand

beforeAll(async () => {
  onhand = await startTestOnhand()
})

afterAll(() => onhand.close())

test.each([
  ['Apollo Client', apollo],
  ['urql', urql],
])('%s', async (name, watch) => {
  await createBatch(onhand, { reference: name, sku: name, quantity: 100 })
  const told: number[] = []
  const stop = watch(onhand.url, name, (available) => void told.push(available))
  await until(() => told.length === 1)
  for (const sold of [1, 2, 3]) {
    await allocate(onhand, { orderId: `${name} ${sold}`, sku: name, quantity: 1 })
    await until(() => told.at(-1) === 100 - sold)
  }
  expect(told).toEqual([100, 99, 98, 97])
  stop()
})
