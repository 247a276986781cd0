import type { Sku } from '../domain/values.ts'
import { fnv1a } from '../lib/fnv1a.ts'

export type Partition = number

/** All partitions of a log, for statements about a key whose partition is not known. */
export const allPartitions = (partitions: number): Partition[] => [...Array(partitions).keys()]

/** The partition that holds all events of a product. */
export function partitionOf(sku: Sku, partitions: number): Partition {
  return partitions === 1 ? 0 : fnv1a(sku) % partitions
}
