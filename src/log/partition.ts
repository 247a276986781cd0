import type { Sku } from '../domain/values.ts'

export type Partition = number

/** The partition in which all that concerns a product is logged: FNV-1a over its UTF-16 code units. */
export function partitionOf(sku: Sku, partitions: number): Partition {
  if (partitions === 1) return 0
  let hash = 0x811c9dc5
  for (let at = 0; at < sku.length; at += 1) {
    hash = Math.imul(hash ^ sku.charCodeAt(at), 0x01000193)
  }
  return (hash >>> 0) % partitions
}
