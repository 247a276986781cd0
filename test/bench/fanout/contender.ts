/** The compared ways to deliver results, and the messages between the processes of the bench. */
export const CONTENDERS = ['onhand', 'unmodified graphql-ws', 'bare ws.send', 'socket.write'] as const
export type Contender = (typeof CONTENDERS)[number]

/** Messages to a server. */
export type ServerOrder =
  | { readonly type: 'publish'; readonly sku: string }
  /** `collect`: whether to collect garbage first, which takes time. */
  | { readonly type: 'report'; readonly collect: boolean }

/** Messages of a server. */
export type ServerReport =
  | { readonly type: 'listening'; readonly port: number }
  | {
      readonly type: 'report'
      /** User and system time in microseconds. */
      readonly cpuUs: number
      readonly rssBytes: number
      readonly heapBytes: number
      readonly connections: number
      /** Of projections. */
      readonly reads: number
    }

/** Messages to the clients. */
export type ClientOrder =
  | {
      readonly type: 'connect'
      readonly port: number
      readonly skus: readonly string[]
      readonly count: number
    }
  /** The last clients, this many, stop reading. */
  | { readonly type: 'stall'; readonly count: number }
  /** All clients lose their connections at the same time and connect again. */
  | { readonly type: 'reconnect' }
  /** Starts to count results. */
  | { readonly type: 'measure' }
  /** Reports once this many results have arrived since `measure`. */
  | { readonly type: 'expect'; readonly results: number }

/** Messages of the clients. */
export type ClientReport =
  /** All clients have received their first result. */
  | { readonly type: 'ready'; readonly ms: number }
  | { readonly type: 'measuring' }
  | { readonly type: 'received'; readonly results: number; readonly p50Ms: number; readonly p99Ms: number }

export const skuOf = (at: number): string => `LAMP-${String(at).padStart(4, '0')}`

export const SUBSCRIPTION = `subscription ($skus: [ID!]!) {
  availabilityChanged(skus: $skus) { sku status onHand allocated available incoming version updatedAt }
}`
