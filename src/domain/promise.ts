/** Available to promise (ATP): the units that are not allocated, and the day from which each of them is available. */
import type { CalendarDate } from './values.ts'

/** Units that become available on the same day. */
export interface PromisedQuantity {
  /** Null: available now, from the warehouse. */
  readonly date: CalendarDate | null
  readonly quantity: number
  /** The sum of this quantity and all earlier ones. */
  readonly cumulative: number
}

interface Stock {
  readonly eta: CalendarDate | null
  readonly available: number
}

/** Orders warehouse stock (null) before incoming stock, and incoming stock by ETA. Stock is allocated in this order. */
export function compareEta(a: CalendarDate | null, b: CalendarDate | null): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}

/**
 * What can be promised, soonest first, with one entry per day. Days without available units have no entry.
 *
 * @param batches in any order
 */
export function availableToPromise(batches: readonly Stock[]): PromisedQuantity[] {
  const promised: PromisedQuantity[] = []
  let cumulative = 0
  for (const { eta: date, available } of batches.toSorted((a, b) => compareEta(a.eta, b.eta))) {
    if (available === 0) continue
    cumulative += available
    const last = promised.at(-1)
    if (last?.date === date)
      promised[promised.length - 1] = { date, quantity: last.quantity + available, cumulative }
    else promised.push({ date, quantity: available, cumulative })
  }
  return promised
}

/**
 * The first day by which `quantity` units are available, counting every batch that has arrived by then. Each order line is
 * allocated from one batch, so a quantity that no single batch holds needs several lines.
 *
 * @returns `{ date: null }` for now; null if all promised units together are not enough
 */
export function earliestPromise(
  promised: readonly PromisedQuantity[],
  quantity: number,
): { readonly date: CalendarDate | null } | null {
  const enough = promised.find(({ cumulative }) => cumulative >= quantity)
  return enough === undefined ? null : { date: enough.date }
}
