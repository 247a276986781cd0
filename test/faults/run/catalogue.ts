/** The products of a round. A few are hot; one has so many lines that a single command moves more of them than one step of a projector. */

export const HOT_SKUS = ['hot-1', 'hot-2', 'hot-3']
export const QUIET_SKUS = Array.from({ length: 12 }, (_, at) => `quiet-${at + 1}`)
export const WIDE_SKU = 'wide'
export const WIDE_BATCH = 'wide-1'
export const WIDE_LINES = 700
export const SKUS = [...HOT_SKUS, ...QUIET_SKUS, WIDE_SKU]

/** Watched orders, to which all callers add lines. */
export const SHARED_ORDERS = Array.from({ length: 8 }, (_, at) => `shared-${at + 1}`)

/** Batches whose quantity only other systems change, through Redis. */
export const INTAKE_BATCHES = ['hot-1', 'hot-2', 'quiet-1', 'quiet-2'].map((sku) => ({
  sku,
  reference: `counted-${sku}`,
}))

export const FIRST_BATCHES = [...HOT_SKUS, ...QUIET_SKUS].map((sku) => ({ sku, reference: `first-${sku}` }))

export const ETAS = ['2027-01-04', '2027-01-11', '2027-02-01']
