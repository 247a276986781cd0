/** Documents that need many times the size of their text in memory. */

/** A document with the maximum number of tokens, different for each `nth`. */
export const largeSubscription = (nth: number): string =>
  `subscription S { stockMoved { ${Array.from({ length: 15 }, (_, at) => `a${nth}_${at}: sku`).join(' ')} ${'sku '.repeat(500)} } }`
