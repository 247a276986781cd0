import { formatNumber } from './table.ts'

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}

/** `lowest–highest` */
export const spread = (values: readonly number[]): string =>
  `${formatNumber(Math.min(...values))}–${formatNumber(Math.max(...values))}`
