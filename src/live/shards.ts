import { fnv1a } from '../lib/fnv1a.ts'

/**
 * How many shards the keys are distributed over. Each shard has its own channel, so a process receives rows only of the shards in
 * which it watches a key.
 */
export const SHARDS = 64

export const shardOf = (key: string): number => fnv1a(key) % SHARDS

/** A set of shards, with one bit per shard. */
export type ShardSet = bigint

export const shardSet = (shards: Iterable<number>): ShardSet => {
  let set = 0n
  for (const shard of shards) set |= 1n << BigInt(shard)
  return set
}

export const hasShard = (set: ShardSet, shard: number): boolean => ((set >> BigInt(shard)) & 1n) === 1n
