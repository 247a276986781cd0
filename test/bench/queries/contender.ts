/** The compared ways to answer queries, and the messages between their processes. */
export const CONTENDERS = ['onhand', 'Apollo on Fastify', 'bare node:http'] as const
export type Contender = (typeof CONTENDERS)[number]

export const PRODUCT =
  'query P($sku: ID!) { product(sku: $sku) { sku status onHand allocated available incoming version updatedAt } }'

/** This many products, the first ones, are watched, and so in memory. */
export const WATCHED = 100

/** Messages to a server. */
export type ServerOrder = { readonly type: 'cpu' }

/** Messages of a server. */
export type ServerReport =
  | { readonly type: 'listening'; readonly url: string }
  /** User and system time in microseconds. */
  | { readonly type: 'cpu'; readonly us: number }
