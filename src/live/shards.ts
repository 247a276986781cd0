import { fnv1a } from '../lib/fnv1a.ts'

/**
 * Keys are dealt to so many shards; the changes of each go their own way, so that a process hears only of shards in which it
 * watches something.
 */
export const SHARDS = 64

export const shardOf = (key: string): number => fnv1a(key) % SHARDS

/** A set of shards, a bit each. */
export type ShardSet = bigint

export const shardSet = (shards: Iterable<number>): ShardSet => {
  let set = 0n
  for (const shard of shards) set |= 1n << BigInt(shard)
  return set
}

export const hasShard = (set: ShardSet, shard: number): boolean => ((set >> BigInt(shard)) & 1n) === 1n
