/**
 * Rows of which only the latest state matters, for whoever watches them: products, orders.
 *
 * A key is watched by any number of watchers, and read once for all of them. Modes of a watched key: loading
 * (its first read is under way; changes that arrive meanwhile are kept) and live. A row never gives way to an
 * older one, so it does not matter in which order reads and changes arrive.
 *
 * Keys are dealt to shards, as the rows that other processes send are: a shard's channel is open while one of its keys is
 * watched. It is opened before the first read, so that nothing falls between. Steps are announced apart from their rows, and
 * rows count once their step is announced. A shard awaits the rows of an announced step for a moment, and reads its keys again
 * if they do not come. A shard that awaits rows, or a read, may be behind: its watchers are told when it has caught up, and
 * meanwhile no state is given for the present one.
 *
 * When the log's history was replaced, nothing that is known counts any more: every watched key is loading again, and what is
 * read then is told in the new epoch, whatever its position. A read that began before does not count.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { LogPosition } from '../domain/values.ts'
import { LatestQueue } from '../lib/latest-queue.ts'
import type { Partition } from '../log/partition.ts'
import type { LogPoint } from '../log/point.ts'
import type { LogReplaced } from '../log/replaced.ts'
import type { Epoch } from '../log/token.ts'
import type { ProjectedRow } from '../projector/projection.ts'
import type { Channel } from './channels.ts'
import { noChannel } from './channels.ts'
import { hasShard, shardOf } from './shards.ts'
import type { ShardSet } from './shards.ts'
import type { ChangedRows } from './wire.ts'

/** All there is of a key: a row a partition, none while there is nothing. */
export type State<Row> = readonly Row[]

/** A state as it is told, with the epoch that its positions are of. */
export interface ToldState<Row> {
  readonly epoch: Epoch
  readonly rows: State<Row>
}

interface WatchedKey<Row extends ProjectedRow> {
  readonly key: string
  readonly shard: Shard
  readonly rows: Map<Partition, Row>
  readonly watchers: Set<Watcher<Row>>
  live: boolean
  /** Why what was told of it no longer counts; null once the present state was told. */
  replaced: LogReplaced | null
}

interface Shard {
  readonly number: number
  readonly channel: Channel
  readonly keys: Set<string>
  /** Announced steps whose rows have not come, and when they were announced, by `performance.now()`. */
  readonly awaited: Map<Step, number>
  /** Rows that came before their step was announced. */
  readonly early: Map<Step, () => readonly ProjectedRow[]>
}

type Step = `${Partition} ${LogPosition} ${bigint}`

const stepOf = (partition: Partition, { position, tag }: LogPoint): Step => `${partition} ${position} ${tag}`

interface Watcher<Row extends ProjectedRow> {
  readonly queue: LatestQueue<string, ToldState<Row>>
  readonly skipEmpty: boolean
}

export interface StateFeedOptions<Row extends ProjectedRow> {
  readonly keyOf: (row: Row) => string
  readonly load: (keys: readonly string[]) => Promise<readonly Row[]>
  /** How far the projection is known to have come. */
  readonly position: (partition: Partition) => LogPosition
  readonly epoch: Epoch
  /** Reading failed and is tried again. */
  readonly onError: (error: unknown) => void
}

/** Hears a shard's rows from other processes. */
export type OpenShard = (shard: number, onRows: (message: ChangedRows) => void) => Channel

const RETRY_MS = 250
/** So long rows may come after their announcement; channels keep no order among them. */
const GRACE_MS = 20
/** More keys than this are read in several statements. */
const MAX_KEYS = 1000
/** Of more steps that a shard was not told of, the oldest rows are dropped; they are read once they are announced. */
const MAX_EARLY = 100

export class StateFeed<Row extends ProjectedRow> {
  readonly #options: StateFeedOptions<Row>
  readonly #watched = new Map<string, WatchedKey<Row>>()
  readonly #shards = new Map<number, Shard>()
  #openShard: OpenShard = () => noChannel
  #joining: WatchedKey<Row>[] = []
  /** To be read again, and being read again. */
  readonly #behind = new Set<Shard>()
  #reading = new Set<Shard>()
  #rereading: Promise<void> | null = null
  #epoch: Epoch
  #grace: NodeJS.Timeout | null = null

  constructor(options: StateFeedOptions<Row>) {
    this.#options = options
    this.#epoch = options.epoch
  }

  /** Hears of changes through these channels from now on. To be called before anything is watched. */
  connect(openShard: OpenShard): void {
    this.#openShard = openShard
  }

  get watchedKeys(): number {
    return this.#watched.size
  }

  /**
   * The present state of each key, then every newer one, the latest standing for those it overtook.
   *
   * @param skipEmpty leave out keys of which there is nothing yet
   */
  watch(keys: readonly string[], { skipEmpty = false } = {}): AsyncGenerator<ToldState<Row>, void, void> {
    const distinct = new Set(keys)
    const queue = new LatestQueue<string, ToldState<Row>>(() => {
      for (const key of distinct) this.#leave(key, watcher)
    })
    const watcher: Watcher<Row> = { queue, skipEmpty }
    for (const key of distinct) this.#join(key, watcher)
    return queue
  }

  /** The present state of a key that is watched, unless something of it may have been missed. */
  peek(key: string): State<Row> | undefined {
    const watched = this.#watched.get(key)
    if (watched === undefined || !watched.live) return undefined
    const { shard, rows } = watched
    const behind = shard.awaited.size > 0 || this.#behind.has(shard) || this.#reading.has(shard)
    return behind ? undefined : [...rows.values()]
  }

  /** Rows that have changed. */
  apply(rows: readonly Row[]): void {
    if (this.#watched.size === 0) return
    for (const row of rows) this.#put(row, isOlder)
  }

  /** Another process has changed rows of these shards; they come by themselves. */
  announce(partition: Partition, to: LogPoint, shards: ShardSet): void {
    const step = stepOf(partition, to)
    const now = performance.now()
    for (const shard of this.#shards.values()) {
      if (!hasShard(shards, shard.number)) continue
      const rows = shard.early.get(step)
      if (rows !== undefined) {
        shard.early.delete(step)
        this.apply(rows() as unknown as readonly Row[])
        continue
      }
      shard.awaited.set(step, now)
      this.#startGrace()
    }
  }

  /** The log's history was replaced: tells everybody the present state anew, in the new epoch. */
  replace(epoch: Epoch, replaced: LogReplaced): void {
    this.#epoch = epoch
    this.#behind.clear()
    for (const { awaited, early } of this.#shards.values()) {
      awaited.clear()
      early.clear()
    }
    for (const watched of this.#watched.values()) {
      if (watched.rows.size > 0) watched.replaced = replaced
      watched.rows.clear()
      // Those that are not live yet are being read, and that read begins anew by itself.
      if (!watched.live) continue
      watched.live = false
      this.#load(watched)
    }
  }

  /**
   * Changes may have been missed: reads the watched keys again, of all shards or of some.
   *
   * @returns when that has been done
   */
  async refresh(shards: Iterable<Shard> = this.#shards.values()): Promise<void> {
    for (const shard of shards) {
      shard.early.clear()
      this.#behind.add(shard)
    }
    if (this.#behind.size === 0) return
    this.#rereading ??= this.#readBehind()
    await this.#rereading
  }

  async #readBehind(): Promise<void> {
    while (this.#behind.size > 0) {
      this.#reading = new Set(this.#behind)
      this.#behind.clear()
      const covered = [...this.#reading].map((shard) => [shard, [...shard.awaited.keys()]] as const)
      // What is awaited now is read: no grace runs out for it.
      for (const [{ awaited }, steps] of covered) for (const step of steps) awaited.set(step, Infinity)
      await this.#read([...this.#reading].flatMap(({ keys }) => [...keys]))
      for (const [{ awaited }, steps] of covered) for (const step of steps) awaited.delete(step)
      this.#reading = new Set()
    }
    this.#rereading = null
  }

  #put(row: Row, givesWay: (known: Row, to: Row) => boolean): void {
    const watched = this.#watched.get(this.#options.keyOf(row))
    if (watched === undefined) return
    const known = watched.rows.get(row.partition)
    if (known !== undefined && !givesWay(known, row)) return
    watched.rows.set(row.partition, row)
    if (watched.live) for (const watcher of watched.watchers) this.#tell(watcher, watched)
  }

  #take(shard: Shard, { partition, to, rows }: ChangedRows): void {
    const step = stepOf(partition, to)
    if (shard.awaited.delete(step)) return this.apply(rows() as unknown as readonly Row[])
    // Told by the projector of this process, or read.
    if (to.position <= this.#options.position(partition)) return
    shard.early.set(step, rows)
    const [oldest] = shard.early.keys()
    if (shard.early.size > MAX_EARLY) shard.early.delete(oldest as Step)
  }

  #startGrace(): void {
    // What lies in the socket by then is taken first: the timer may be late.
    if (this.#grace !== null) return
    this.#grace = setTimeout(() => setImmediate(() => this.#endGrace()), GRACE_MS)
  }

  #endGrace(): void {
    this.#grace = null
    const due = performance.now() - GRACE_MS
    const awaiting = [...this.#shards.values()].map((shard) => ({
      shard,
      since: [...shard.awaited.values()].filter((since) => since !== Infinity),
    }))
    const late = awaiting.filter(({ since }) => since.some((time) => time <= due))
    if (awaiting.some(({ since }) => since.some((time) => time > due))) this.#startGrace()
    void this.refresh(late.map(({ shard }) => shard))
  }

  #join(key: string, watcher: Watcher<Row>): void {
    let watched = this.#watched.get(key)
    if (watched === undefined) {
      const shard = this.#shardOf(key)
      watched = { key, shard, rows: new Map(), watchers: new Set(), live: false, replaced: null }
      shard.keys.add(key)
      this.#watched.set(key, watched)
      void this.#goLive(watched)
    }
    watched.watchers.add(watcher)
    if (watched.live) this.#tell(watcher, watched)
  }

  #leave(key: string, watcher: Watcher<Row>): void {
    const watched = this.#watched.get(key)
    if (watched === undefined || !watched.watchers.delete(watcher) || watched.watchers.size > 0) return
    const { shard } = watched
    this.#watched.delete(key)
    shard.keys.delete(key)
    if (shard.keys.size > 0) return
    this.#shards.delete(shard.number)
    shard.channel.close()
  }

  #shardOf(key: string): Shard {
    const number = shardOf(key)
    const known = this.#shards.get(number)
    if (known !== undefined) return known
    const channel = this.#openShard(number, (message) => this.#take(shard, message))
    const shard: Shard = { number, channel, keys: new Set(), awaited: new Map(), early: new Map() }
    this.#shards.set(number, shard)
    return shard
  }

  async #goLive(watched: WatchedKey<Row>): Promise<void> {
    await watched.shard.channel.joined
    this.#load(watched)
  }

  #load(watched: WatchedKey<Row>): void {
    this.#joining.push(watched)
    if (this.#joining.length === 1) setImmediate(() => void this.#loadJoining())
  }

  /** All keys that were joined within a turn of the event loop are read together. */
  async #loadJoining(): Promise<void> {
    const joining = this.#joining
    this.#joining = []
    await this.#read(joining.map(({ key }) => key))
    for (const watched of joining) {
      watched.live = true
      for (const watcher of watched.watchers) this.#tellPresent(watcher, watched)
      watched.replaced = null
    }
  }

  /** The first state that is told, or the first in a new epoch. Nothing can be said of a product that is not there any more. */
  #tellPresent(watcher: Watcher<Row>, watched: WatchedKey<Row>): void {
    const { rows, replaced } = watched
    if (replaced !== null && rows.size === 0 && watcher.skipEmpty) watcher.queue.fail(replaced)
    else this.#tell(watcher, watched)
  }

  #tell({ queue, skipEmpty }: Watcher<Row>, { key, rows }: WatchedKey<Row>): void {
    if (rows.size > 0 || !skipEmpty) queue.put(key, { epoch: this.#epoch, rows: [...rows.values()] })
  }

  async #read(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += MAX_KEYS) await this.#readSome(keys.slice(at, at + MAX_KEYS))
  }

  /** Reads until it succeeds, or nobody watches any more. */
  async #readSome(keys: readonly string[]): Promise<void> {
    for (;;) {
      const wanted = keys.filter((key) => this.#watched.has(key))
      if (wanted.length === 0) return
      const epoch = this.#epoch
      try {
        const rows = await this.#options.load(wanted)
        if (epoch !== this.#epoch) continue
        for (const row of rows) this.#put(row, isOutdated)
        return
      } catch (error) {
        this.#options.onError(error)
        await sleep(RETRY_MS)
      }
    }
  }
}

const isOlder = (known: ProjectedRow, row: ProjectedRow): boolean => known.position < row.position

/** By a row that was read. A projection that was made anew can say something else than before at the same position. */
const isOutdated = (known: ProjectedRow, read: ProjectedRow): boolean =>
  isOlder(known, read) || (known.position === read.position && !isDeepStrictEqual(known, read))
