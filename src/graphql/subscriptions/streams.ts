/** The live data that sources read. */
import type { Sku } from '../../domain/values.ts'
import type { Consistency } from '../../progress/consistency.ts'
import type { Hub } from '../../live/hub.ts'
import type { Partition } from '../../log/partition.ts'
import type { Epoch } from '../../log/token.ts'
import type { ProjectionProgress } from '../../projector/progress.ts'

export interface LiveStreams {
  readonly hub: Pick<Hub, 'products' | 'orders' | 'ledger'>
  readonly partitionOf: (sku: Sku) => Partition
  readonly partitions: number
  readonly admit: Consistency['admit']
  /** The log's current epoch. */
  readonly epoch: () => Epoch
  readonly progress: () => AsyncGenerator<ProjectionProgress, void, void>
}
