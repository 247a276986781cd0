/** Where live operations get their values. */
import type { Sku } from '../../domain/values.ts'
import type { Hub } from '../../live/hub.ts'
import type { Partition } from '../../log/partition.ts'
import type { ProjectionProgress } from '../../projector/progress.ts'

export interface LiveStreams {
  readonly hub: Pick<Hub, 'products' | 'orders' | 'ledger'>
  readonly partitionOf: (sku: Sku) => Partition
  readonly partitions: number
  readonly progress: () => AsyncGenerator<ProjectionProgress, void, void>
}
