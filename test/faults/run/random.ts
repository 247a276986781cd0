/** Random decisions that a seed repeats. Each actor has its own stream, so that the timing of one does not change the decisions of another. */
import { createHash } from 'node:crypto'

export interface Random {
  /** A whole number from `least` to `most`, both included. */
  readonly int: (least: number, most: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(choices: readonly T[]) => T
  /** Chooses by weight. */
  readonly choose: <T extends string>(weights: Readonly<Record<T, number>>) => T
  readonly shuffle: <T>(items: readonly T[]) => T[]
  /** Another stream, which depends only on the seed and the name. */
  readonly fork: (name: string) => Random
}

export function seededRandom(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0)

  /** Mulberry32. */
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))

  return {
    int,
    chance: (probability) => next() < probability,
    pick: <T>(choices: readonly T[]) => choices[int(0, choices.length - 1)] as T,
    choose<T extends string>(weights: Readonly<Record<T, number>>): T {
      const entries = Object.entries(weights) as [T, number][]
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [choice, weight] of entries) if ((left -= weight) < 0) return choice
      return entries[0]?.[0] as T
    },
    shuffle<T>(items: readonly T[]): T[] {
      const shuffled = [...items]
      for (let at = shuffled.length - 1; at > 0; at -= 1) {
        const other = int(0, at)
        ;[shuffled[at], shuffled[other]] = [shuffled[other] as T, shuffled[at] as T]
      }
      return shuffled
    },
    fork: (name) => seededRandom(`${seed}/${name}`),
  }
}
