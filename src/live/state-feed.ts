/**
 * Delivers rows of which only the latest state matters, such as products and orders, to their watchers.
 *
 * A key can have any number of watchers, and is read once for all of them. Modes of a watched key: loading (its first read is
 * running; changes that arrive meanwhile are kept) and live. An older row never replaces a newer one, so reads and changes may
 * arrive in any order.
 *
 * Keys are distributed over shards, as are the rows that other processes send. A shard's channel is open while one of its keys is
 * watched. It is opened before the first read; otherwise changes in between are lost. A step is announced separately from its
 * rows, and rows are applied only after their step is announced. A shard waits for the rows of an announced step for a moment, and
 * reads its keys again if they do not arrive. While a shard waits for rows or for a read, it may be behind, so `peek` returns no
 * state of it. Its watchers receive the state when it has caught up.
 *
 * When another history replaces the log, all remembered rows become invalid: every watched key is loaded again, and its state is
 * delivered in the new epoch, whatever its position. A read that began before is discarded.
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

/** All rows of a key: at most one per partition. */
export type State<Row> = readonly Row[]

/** A state as it is delivered, with the epoch to which its positions belong. */
export interface DeliveredState<Row> {
  readonly epoch: Epoch
  readonly rows: State<Row>
}

interface WatchedKey<Row extends ProjectedRow> {
  readonly key: string
  readonly shard: Shard
  readonly rows: Map<Partition, Row>
  readonly watchers: Set<Watcher<Row>>
  live: boolean
  /** Why the delivered state is invalid; null after the current state was delivered. */
  replaced: LogReplaced | null
}

interface Shard {
  readonly number: number
  readonly channel: Channel
  readonly keys: Set<string>
  /** Announced steps whose rows have not arrived, and the times of their announcements, by `performance.now()`. */
  readonly awaited: Map<Step, number>
  /** Rows that arrived before their step was announced. */
  readonly early: Map<Step, () => readonly ProjectedRow[]>
}

type Step = `${Partition} ${LogPosition} ${bigint}`

const stepOf = (partition: Partition, { position, tag }: LogPoint): Step => `${partition} ${position} ${tag}`

interface Watcher<Row extends ProjectedRow> {
  readonly queue: LatestQueue<string, DeliveredState<Row>>
  readonly skipEmpty: boolean
}

export interface StateFeedOptions<Row extends ProjectedRow> {
  readonly keyOf: (row: Row) => string
  readonly load: (keys: readonly string[]) => Promise<readonly Row[]>
  /** The last known position of the projection. */
  readonly position: (partition: Partition) => LogPosition
  readonly epoch: Epoch
  /** Called when a read has failed. The feed retries it. */
  readonly onError: (error: unknown) => void
}

/** Opens the channel on which a shard's rows arrive from other processes. */
export type OpenShard = (shard: number, onRows: (message: ChangedRows) => void) => Channel

const RETRY_MS = 250
/** How long a shard waits for the rows of an announced step. Different channels do not keep their messages in order. */
const GRACE_MS = 20
/** More keys than this are read in several statements. */
const MAX_KEYS = 1000
/** From how many unannounced steps a shard keeps rows. It drops the oldest, and reads them when they are announced. */
const MAX_EARLY = 100

export class StateFeed<Row extends ProjectedRow> {
  readonly #options: StateFeedOptions<Row>
  readonly #watched = new Map<string, WatchedKey<Row>>()
  readonly #shards = new Map<number, Shard>()
  #openShard: OpenShard = () => noChannel
  #joining: WatchedKey<Row>[] = []
  /** Shards whose keys must be read again. */
  readonly #behind = new Set<Shard>()
  /** Shards whose keys are being read again. */
  #reading = new Set<Shard>()
  #rereading: Promise<void> | null = null
  #epoch: Epoch
  #grace: NodeJS.Timeout | null = null

  constructor(options: StateFeedOptions<Row>) {
    this.#options = options
    this.#epoch = options.epoch
  }

  /** Receives changes of other processes through these channels. Must be called before anything is watched. */
  connect(openShard: OpenShard): void {
    this.#openShard = openShard
  }

  get watchedKeys(): number {
    return this.#watched.size
  }

  /**
   * Yields the current state of each key, then newer ones. If the consumer is slow, a newer state replaces an older one.
   *
   * @param skipEmpty whether to skip keys without rows
   */
  watch(
    keys: readonly string[],
    { skipEmpty = false } = {},
  ): AsyncGenerator<DeliveredState<Row>, void, void> {
    const distinct = new Set(keys)
    const queue = new LatestQueue<string, DeliveredState<Row>>(() => {
      for (const key of distinct) this.#leave(key, watcher)
    })
    const watcher: Watcher<Row> = { queue, skipEmpty }
    for (const key of distinct) this.#join(key, watcher)
    return queue
  }

  /** The current state of a watched key; undefined if it may be behind. */
  peek(key: string): State<Row> | undefined {
    const watched = this.#watched.get(key)
    if (watched === undefined || !watched.live) return undefined
    const { shard, rows } = watched
    const behind = shard.awaited.size > 0 || this.#behind.has(shard) || this.#reading.has(shard)
    return behind ? undefined : [...rows.values()]
  }

  /** Applies changed rows. */
  apply(rows: readonly Row[]): void {
    if (this.#watched.size === 0) return
    for (const row of rows) this.#put(row, isOlder)
  }

  /** Announces a step of another process that changed rows of these shards. The rows arrive separately. */
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

  /** Delivers the current state again, in the new epoch, because the log's history was replaced. */
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
      // Keys that are not live yet are being read, and that read starts again on its own.
      if (!watched.live) continue
      watched.live = false
      this.#load(watched)
    }
  }

  /**
   * Reads the watched keys of all or some shards again, because changes may have been missed. Resolves after the read.
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
      // The read covers the steps that are awaited now, so they have no time limit.
      for (const [{ awaited }, steps] of covered) for (const step of steps) awaited.set(step, Infinity)
      await this.#read([...this.#reading].flatMap(({ keys }) => [...keys]))
      for (const [{ awaited }, steps] of covered) for (const step of steps) awaited.delete(step)
      this.#reading = new Set()
    }
    this.#rereading = null
  }

  #put(row: Row, replaces: (current: Row, to: Row) => boolean): void {
    const watched = this.#watched.get(this.#options.keyOf(row))
    if (watched === undefined) return
    const current = watched.rows.get(row.partition)
    if (current !== undefined && !replaces(current, row)) return
    watched.rows.set(row.partition, row)
    if (watched.live) for (const watcher of watched.watchers) this.#deliver(watcher, watched)
  }

  #take(shard: Shard, { partition, to, rows }: ChangedRows): void {
    const step = stepOf(partition, to)
    if (shard.awaited.delete(step)) return this.apply(rows() as unknown as readonly Row[])
    // A projector of this process, or a read, has already delivered these rows.
    if (to.position <= this.#options.position(partition)) return
    shard.early.set(step, rows)
    const [oldest] = shard.early.keys()
    if (shard.early.size > MAX_EARLY) shard.early.delete(oldest as Step)
  }

  #startGrace(): void {
    // The timer may be late, so first take the messages that have arrived in the socket.
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
    if (watched.live) this.#deliver(watcher, watched)
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
    const existing = this.#shards.get(number)
    if (existing !== undefined) return existing
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

  /** Reads all keys that were joined within one turn of the event loop together. */
  async #loadJoining(): Promise<void> {
    const joining = this.#joining
    this.#joining = []
    await this.#read(joining.map(({ key }) => key))
    for (const watched of joining) {
      watched.live = true
      for (const watcher of watched.watchers) this.#deliverCurrent(watcher, watched)
      watched.replaced = null
    }
  }

  /** Delivers the first state, or the first one in a new epoch. If a product is not part of the new history, its watchers fail. */
  #deliverCurrent(watcher: Watcher<Row>, watched: WatchedKey<Row>): void {
    const { rows, replaced } = watched
    if (replaced !== null && rows.size === 0 && watcher.skipEmpty) watcher.queue.fail(replaced)
    else this.#deliver(watcher, watched)
  }

  #deliver({ queue, skipEmpty }: Watcher<Row>, { key, rows }: WatchedKey<Row>): void {
    if (rows.size > 0 || !skipEmpty) queue.put(key, { epoch: this.#epoch, rows: [...rows.values()] })
  }

  async #read(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += MAX_KEYS) await this.#readSome(keys.slice(at, at + MAX_KEYS))
  }

  /** Retries a read until it succeeds, or until none of the keys is watched. */
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

const isOlder = (current: ProjectedRow, row: ProjectedRow): boolean => current.position < row.position

/** Compares with a row that was read. After a rebuild, a row can differ at the same position. */
const isOutdated = (current: ProjectedRow, read: ProjectedRow): boolean =>
  isOlder(current, read) || (current.position === read.position && !isDeepStrictEqual(current, read))
