/**
 * Rows of which only the latest state matters, for whoever watches them: products, orders.
 *
 * A key is watched by any number of watchers, and read once for all of them. Modes of a watched key: loading
 * (its first read is under way; changes that arrive meanwhile are kept) and live. A row never gives way to an
 * older one, so it does not matter in which order reads and changes arrive. After a gap in the changes, all
 * watched keys are read again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { LatestQueue } from '../lib/latest-queue.ts'
import type { Partition } from '../log/partition.ts'
import type { ProjectedRow } from '../projector/projection.ts'

/** All there is of a key: a row a partition, none while there is nothing. */
export type State<Row> = readonly Row[]

interface WatchedKey<Row extends ProjectedRow> {
  readonly key: string
  readonly rows: Map<Partition, Row>
  readonly watchers: Set<Watcher<Row>>
  live: boolean
}

interface Watcher<Row extends ProjectedRow> {
  readonly queue: LatestQueue<string, State<Row>>
  readonly skipEmpty: boolean
}

export interface StateFeedOptions<Row extends ProjectedRow> {
  readonly keyOf: (row: Row) => string
  readonly load: (keys: readonly string[]) => Promise<readonly Row[]>
  /** Reading failed and is tried again. */
  readonly onError: (error: unknown) => void
}

const RETRY_MS = 250

export class StateFeed<Row extends ProjectedRow> {
  readonly #options: StateFeedOptions<Row>
  readonly #watched = new Map<string, WatchedKey<Row>>()
  #refreshing: Promise<void> | null = null
  #refreshAgain = false

  constructor(options: StateFeedOptions<Row>) {
    this.#options = options
  }

  get watchedKeys(): number {
    return this.#watched.size
  }

  /**
   * The present state of each key, then every newer one, the latest standing for those it overtook.
   *
   * @param skipEmpty leave out keys of which there is nothing yet
   */
  watch(keys: readonly string[], { skipEmpty = false } = {}): AsyncGenerator<State<Row>, void, void> {
    const distinct = new Set(keys)
    const queue = new LatestQueue<string, State<Row>>(() => {
      for (const key of distinct) this.#leave(key, watcher)
    })
    const watcher: Watcher<Row> = { queue, skipEmpty }
    for (const key of distinct) this.#join(key, watcher)
    return queue
  }

  /** The present state of a key that is watched, unless something of it may have been missed. */
  peek(key: string): State<Row> | undefined {
    const watched = this.#watched.get(key)
    return watched?.live === true && this.#refreshing === null ? [...watched.rows.values()] : undefined
  }

  /** Rows that have changed. */
  apply(rows: readonly Row[]): void {
    if (this.#watched.size === 0) return
    for (const row of rows) {
      const watched = this.#watched.get(this.#options.keyOf(row))
      if (watched === undefined) continue
      const known = watched.rows.get(row.partition)
      if (known !== undefined && known.position >= row.position) continue
      watched.rows.set(row.partition, row)
      if (watched.live) for (const watcher of watched.watchers) tell(watcher, watched)
    }
  }

  /** Changes may have been missed: reads every watched key again. */
  async refresh(): Promise<void> {
    this.#refreshAgain = true
    this.#refreshing ??= this.#refreshAll()
    await this.#refreshing
  }

  async #refreshAll(): Promise<void> {
    while (this.#refreshAgain) {
      this.#refreshAgain = false
      await this.#read([...this.#watched.keys()])
    }
    this.#refreshing = null
  }

  #join(key: string, watcher: Watcher<Row>): void {
    let watched = this.#watched.get(key)
    if (watched === undefined) {
      watched = { key, rows: new Map(), watchers: new Set(), live: false }
      this.#watched.set(key, watched)
      void this.#goLive(watched)
    }
    watched.watchers.add(watcher)
    if (watched.live) tell(watcher, watched)
  }

  #leave(key: string, watcher: Watcher<Row>): void {
    const watched = this.#watched.get(key)
    watched?.watchers.delete(watcher)
    if (watched?.watchers.size === 0) this.#watched.delete(key)
  }

  async #goLive(watched: WatchedKey<Row>): Promise<void> {
    await this.#read([watched.key])
    watched.live = true
    for (const watcher of watched.watchers) tell(watcher, watched)
  }

  /** Reads until it succeeds, or nobody watches any more. */
  async #read(keys: readonly string[]): Promise<void> {
    for (;;) {
      const wanted = keys.filter((key) => this.#watched.has(key))
      if (wanted.length === 0) return
      try {
        this.apply(await this.#options.load(wanted))
        return
      } catch (error) {
        this.#options.onError(error)
        await sleep(RETRY_MS)
      }
    }
  }
}

function tell<Row extends ProjectedRow>(
  { queue, skipEmpty }: Watcher<Row>,
  { key, rows }: WatchedKey<Row>,
): void {
  if (rows.size > 0 || !skipEmpty) queue.put(key, [...rows.values()])
}
