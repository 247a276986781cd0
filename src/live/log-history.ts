/**
 * Detects that another history has replaced the log, and holds the current epoch.
 *
 * What a process remembers outside of the database can belong to a history that the log no longer has: a failover lost its last
 * commits, or a backup was restored while the process ran. Then the same positions have other events, or none. So each look at the
 * database also checks the points that the process remembers. If the log lacks one of them, the process renews the epoch, unless
 * another process has already done so, discards everything, and starts again from the database. It does the same if it finds
 * another epoch than its own.
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
  /** Ends this epoch if it is still the current one. @returns the current epoch */
  readonly renew: (ended: Epoch) => Promise<Epoch>
  /** Called after the process has started again. */
  readonly onReplaced: (replaced: Replaced) => void
}

export interface Replaced {
  readonly epoch: Epoch
  readonly ended: Epoch
  /** A point that the log lacks, as `partition:position`; null if another process or an operator began the epoch. */
  readonly lost: string | null
}

/** The projections' progress as read from the database, and its epoch. */
export interface Looked {
  readonly epoch: Epoch
  readonly progress: readonly PartitionProgress[]
}

const REPLACED = 'The log was replaced, for example by a restored backup. Start again from the current state.'

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

  /** The last head of the log that this process has received. */
  head(partition: Partition): LogPosition {
    return this.#options.tail.head(partition).position
  }

  /** Looks at the database. Calls during a look share the next one, because the current one may miss what they have seen. */
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
    if (found.lost !== null || found.epoch !== this.#epoch) return this.#startAgain(found)
    for (const { trail, remembered } of trails) trail.confirm(remembered)
    for (const { partition, head } of rows) tail.advance(partition, head)
    return { epoch: this.#epoch, progress: rows }
  }

  async #startAgain({ epoch: found, lost }: FoundHistory): Promise<Looked> {
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
