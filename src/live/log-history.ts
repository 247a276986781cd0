/**
 * Which history of the log this process goes by.
 *
 * What a process remembers outside the database can be of a history that the log no longer has: a failover lost its last
 * commits, or a backup was restored while the process ran. Then other events stand at the same positions, or none. So each look
 * at the database asks for the points that the process remembers. If the log lacks one of them, the process renews the epoch,
 * unless another process has done so already, forgets everything and starts anew from the database. It does the same when it
 * finds another epoch than its own.
 */
import type { LogPosition } from '../domain/values.ts'
import type { FoundHistory, ReadHistory } from '../log/history-read.ts'
import type { Partition } from '../log/partition.ts'
import { LogReplaced } from '../log/replaced.ts'
import type { LogTail } from '../log/tail.ts'
import type { Epoch } from '../log/token.ts'
import { onLog } from '../projector/progress.ts'
import type { PartitionProgress } from '../projector/progress.ts'
import type { Hub } from './hub.ts'

export interface LogHistoryOptions {
  readonly epoch: Epoch
  readonly tail: LogTail
  readonly hub: Hub
  readonly find: ReadHistory
  readonly progress: () => Promise<PartitionProgress[]>
  /** Ends this epoch, if it is still the present one. @returns the present one */
  readonly renew: (ended: Epoch) => Promise<Epoch>
  /** The process has started anew. */
  readonly onReplaced: (replaced: Replaced) => void
}

export interface Replaced {
  readonly epoch: Epoch
  readonly ended: Epoch
  /** A point that the log lacks, as `partition:position`; null if another process or an operator began the epoch. */
  readonly lost: string | null
}

/** What the database said, and in which epoch. */
export interface Looked {
  readonly epoch: Epoch
  readonly progress: readonly PartitionProgress[]
}

const REPLACED = 'The log was replaced, for example by a restored backup. Start anew from the present.'

export class LogHistory {
  readonly #options: LogHistoryOptions
  #epoch: Epoch
  #looking: Promise<Looked> | null = null
  #next: Promise<Looked> | null = null

  constructor(options: LogHistoryOptions) {
    this.#options = options
    this.#epoch = options.epoch
  }

  get epoch(): Epoch {
    return this.#epoch
  }

  /** Where the log ends, as far as this process knows. */
  head(partition: Partition): LogPosition {
    return this.#options.tail.head(partition).position
  }

  /** Looks at the database. All who ask while one look is under way share the next one, which sees what they have seen. */
  look(): Promise<Looked> {
    if (this.#looking === null) return this.#begin()
    this.#next ??= this.#looking.then(
      () => this.#begin(),
      () => this.#begin(),
    )
    return this.#next
  }

  #begin(): Promise<Looked> {
    this.#next = null
    const looking = this.#lookNow().finally(() => {
      if (this.#looking === looking) this.#looking = null
    })
    this.#looking = looking
    return looking
  }

  async #lookNow(): Promise<Looked> {
    const { tail, hub, find, progress } = this.#options
    const trails = [...tail.trails, ...hub.progress.trails].map(([partition, trail]) => {
      return { partition, trail, remembered: trail.remembered }
    })
    const asked = trails.flatMap(({ partition, remembered }) =>
      remembered.map(({ position, tag }) => ({ partition, position, tag })),
    )
    const [found, rows] = await Promise.all([find(asked), progress()])
    if (found.lost !== null || found.epoch !== this.#epoch) return this.#startAnew(found)
    for (const { trail, remembered } of trails) trail.confirm(remembered)
    for (const { partition, head } of rows) tail.advance(partition, head)
    return { epoch: this.#epoch, progress: rows }
  }

  async #startAnew({ epoch: found, lost }: FoundHistory): Promise<Looked> {
    const { tail, hub, progress, renew, onReplaced } = this.#options
    const ended = this.#epoch
    const epoch = found === ended ? await renew(ended) : found
    const rows = await progress()
    this.#epoch = epoch
    tail.reset()
    hub.replace(epoch, onLog(rows), new LogReplaced(REPLACED))
    for (const { partition, head } of rows) tail.advance(partition, head)
    onReplaced({ epoch, ended, lost })
    return { epoch, progress: rows }
  }
}
