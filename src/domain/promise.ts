/** Available to promise (ATP): what is left, and the day it can be had. */
import type { CalendarDate } from './values.ts'

/** Units that come free at one time. */
export interface PromisedQuantity {
  /** null: now, from the warehouse. */
  readonly date: CalendarDate | null
  readonly quantity: number
  /** This quantity and all earlier ones. */
  readonly cumulative: number
}

interface Stock {
  readonly eta: CalendarDate | null
  readonly available: number
}

/** Warehouse before incoming, then by ETA: the order in which stock is given away, and in which it comes. */
export function compareEta(a: CalendarDate | null, b: CalendarDate | null): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}

/**
 * What can be promised, soonest first; one entry a day, none that is empty.
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
 * The first time by which `quantity` units can be had, counting every batch that has come by then.
 * An order line is filled from one batch, so what no single batch holds takes several lines.
 *
 * @returns `{ date: null }` for now; null if all that is promised is not enough
 */
export function earliestPromise(
  promised: readonly PromisedQuantity[],
  quantity: number,
): { readonly date: CalendarDate | null } | null {
  const enough = promised.find(({ cumulative }) => cumulative >= quantity)
  return enough === undefined ? null : { date: enough.date }
}
