import { median } from './median.ts'

interface Point {
  readonly x: number
  readonly y: number
}

/** Theil–Sen: the median of the slopes between all pairs of points. */
export function slope(points: readonly Point[]): number {
  const slopes: number[] = []
  for (const [at, a] of points.entries())
    for (const b of points.slice(at + 1)) slopes.push((b.y - a.y) / (b.x - a.x))
  return median(slopes)
}
