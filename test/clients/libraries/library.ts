/** What the tests ask of a client library, and the operations that they ask it for. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientOptions } from 'graphql-ws'
import { WebSocket } from 'ws'

export interface Product {
  readonly sku: string
  readonly available: number
  readonly version: string
}

export interface Library {
  /** It keeps things by their ids, and shows the same of a thing wherever it is shown. */
  readonly normalizes: boolean
  readonly connect: (url: string) => LibraryClient
}

export interface LibraryClient {
  /** Asks the server. */
  readonly product: (sku: string) => Promise<Product>
  /** @returns the product as the answer to the command shows it */
  readonly allocate: (line: Line) => Promise<Product>
  readonly watch: (skus: readonly string[], watcher: ProductWatcher) => void
  /** What components see of a product that was asked for before; null where nothing is kept by id. */
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
  /** What the application is told has gone wrong. */
  readonly error: (error: unknown) => void
}

export const PRODUCT = 'query Product($sku: ID!) { product(sku: $sku) { sku available version } }'
export const ALLOCATE = `mutation Allocate($input: AllocateInput!, $sku: ID!) {
  allocate(input: $input) { query { product(sku: $sku) { sku available version } } }
}`
export const WATCH = `subscription Watch($skus: [ID!]!) {
  availabilityChanged(skus: $skus) { sku available version }
}`

/** As the README has it: without `shouldRetry`, graphql-ws gives up when it is refused a connection once. */
export const socketOptions = (url: string): ClientOptions => ({
  url: `${url.replace(/^http/, 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  retryAttempts: Infinity,
  shouldRetry: () => true,
  // The README leaves this out. A test should not take as long as a person would wait.
  retryWait: () => sleep(100),
})
