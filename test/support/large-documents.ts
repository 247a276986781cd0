/** Documents that take many times their text in memory. */

/** As many tokens as a document may have, and no two alike. */
export const largeSubscription = (nth: number): string =>
  `subscription S { stockMoved { ${Array.from({ length: 15 }, (_, at) => `a${nth}_${at}: sku`).join(' ')} ${'sku '.repeat(500)} } }`
