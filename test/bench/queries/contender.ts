/** The ways to answer that are measured beside each other, and how their processes talk. */
export const CONTENDERS = ['onhand', 'Apollo on Fastify', 'bare node:http'] as const
export type Contender = (typeof CONTENDERS)[number]

export const PRODUCT =
  'query P($sku: ID!) { product(sku: $sku) { sku status onHand allocated available incoming version updatedAt } }'

/** So many products, the first ones, are in memory: they are watched. */
export const WATCHED = 100

/** What a server is told. */
export type ServerOrder = { readonly type: 'cpu' }

/** What a server says. */
export type ServerReport =
  | { readonly type: 'listening'; readonly url: string }
  /** Microseconds of user and system time. */
  | { readonly type: 'cpu'; readonly us: number }
