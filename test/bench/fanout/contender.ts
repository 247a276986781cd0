/** The ways to deliver that are measured beside each other, and how the processes of the bench talk. */
export const CONTENDERS = ['onhand', 'stock graphql-ws', 'bare ws.send', 'socket.write'] as const
export type Contender = (typeof CONTENDERS)[number]

/** What a server is told. */
export type ServerOrder =
  | { readonly type: 'publish'; readonly sku: string }
  /** `collect`: its garbage first, which takes time. */
  | { readonly type: 'report'; readonly collect: boolean }

/** What a server says. */
export type ServerReport =
  | { readonly type: 'listening'; readonly port: number }
  | {
      readonly type: 'report'
      /** Microseconds of user and system time. */
      readonly cpuUs: number
      readonly rssBytes: number
      readonly heapBytes: number
      readonly connections: number
      /** Of projections. */
      readonly reads: number
    }

/** What the clients are told. */
export type ClientOrder =
  | {
      readonly type: 'connect'
      readonly port: number
      readonly skus: readonly string[]
      readonly count: number
    }
  /** The last so many of them read no more. */
  | { readonly type: 'stall'; readonly count: number }
  /** All at once lose their connections and make new ones. */
  | { readonly type: 'reconnect' }
  /** Counts from here on. */
  | { readonly type: 'measure' }
  /** Reports once so many results have come since `measure`. */
  | { readonly type: 'expect'; readonly results: number }

/** What the clients say. */
export type ClientReport =
  /** All have had their first result. */
  | { readonly type: 'ready'; readonly ms: number }
  | { readonly type: 'measuring' }
  | { readonly type: 'received'; readonly results: number; readonly p50Ms: number; readonly p99Ms: number }

export const skuOf = (at: number): string => `LAMP-${String(at).padStart(4, '0')}`

export const SUBSCRIPTION = `subscription ($skus: [ID!]!) {
  availabilityChanged(skus: $skus) { sku status onHand allocated available incoming version updatedAt }
}`
