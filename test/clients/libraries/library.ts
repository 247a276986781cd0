/** The interface of a client library for the tests, and the operations that they use. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientOptions } from 'graphql-ws'
import { WebSocket } from 'ws'

export interface Product {
  readonly sku: string
  readonly available: number
  readonly version: string
}

export interface Library {
  /** Whether its cache is normalized: objects are stored by id, and all components show the same state of an object. */
  readonly normalizes: boolean
  readonly connect: (url: string) => LibraryClient
}

export interface LibraryClient {
  /** Queries the server. */
  readonly product: (sku: string) => Promise<Product>
  /** @returns the product in the answer to the command */
  readonly allocate: (line: Line) => Promise<Product>
  readonly watch: (skus: readonly string[], watcher: ProductWatcher) => void
  /** What components see of a product that was queried before; null without a normalized cache. */
  readonly stored: (sku: string) => Product | null
  readonly close: () => Promise<void>
}

export interface Line {
  readonly orderId: string
  readonly sku: string
  readonly quantity: number
}

export interface ProductWatcher {
  readonly next: (product: Product) => void
  /** Errors that the library reports to the application. */
  readonly error: (error: unknown) => void
}

export const PRODUCT = 'query Product($sku: ID!) { product(sku: $sku) { sku available version } }'
export const ALLOCATE = `mutation Allocate($input: AllocateInput!, $sku: ID!) {
  allocate(input: $input) { query { product(sku: $sku) { sku available version } } }
}`
export const WATCH = `subscription Watch($skus: [ID!]!) {
  availabilityChanged(skus: $skus) { sku available version }
}`

/** As in the README: without `shouldRetry`, graphql-ws gives up when a connection is refused once. */
export const socketOptions = (url: string): ClientOptions => ({
  url: `${url.replace(/^http/, 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  retryAttempts: Infinity,
  shouldRetry: () => true,
  // Not in the README: it keeps the waits of the test short.
  retryWait: () => sleep(100),
})
