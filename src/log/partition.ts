import type { Sku } from '../domain/values.ts'
import { fnv1a } from '../lib/fnv1a.ts'

export type Partition = number

/** All of a log's partitions: whoever does not know a key's partition names every one. */
export const allPartitions = (partitions: number): Partition[] => [...Array(partitions).keys()]

/** The partition in which all that concerns a product is logged. */
export function partitionOf(sku: Sku, partitions: number): Partition {
  return partitions === 1 ? 0 : fnv1a(sku) % partitions
}
