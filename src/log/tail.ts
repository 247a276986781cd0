/**
 * Keeps the end of the log in memory: the last known head of each partition, and the events that this process committed, so
 * that it need not read them back. A hint about a head may be late or lost, or it may belong to a history that the log no
 * longer has.
 *
 * Invariant: the events kept of a partition are one run of whole commits without gaps, which starts directly after `from`.
 */
import type { Partition } from './partition.ts'
import { LOG_ORIGIN, samePoint } from './point.ts'
import type { LogPoint } from './point.ts'
import { wholeCommits } from './read.ts'
import type { LoggedEvent } from './read.ts'
import { Trail } from './trail.ts'

/** Events that were committed together. */
export interface Commit {
  readonly partition: Partition
  /** The head before the commit. */
  readonly from: LogPoint
  readonly head: LogPoint
  readonly events: readonly LoggedEvent[]
}

interface Run {
  from: LogPoint
  readonly events: LoggedEvent[]
}

export class LogTail {
  readonly #maxEvents: number
  readonly #heads = new Map<Partition, Trail>()
  readonly #recent = new Map<Partition, Run>()
  readonly #listeners = new Set<(partition: Partition) => void>()
  readonly #commitListeners = new Set<(commit: Commit) => void>()

  /** @param maxEvents how many recent events per partition stay in memory; up to twice as many before a cut */
  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents
  }

  head(partition: Partition): LogPoint {
    return this.#heads.get(partition)?.point ?? LOG_ORIGIN
  }

  /** Adds a commit of this process. */
  add(commit: Commit): void {
    this.#keep(commit)
    this.advance(commit.partition, commit.head, commit.from)
    for (const listener of this.#commitListeners) listener(commit)
  }

  /**
   * Moves the head forward, to a point that another process or the database has reported.
   *
   * @param from the head directly before `head`; null if it is not known
   */
  advance(partition: Partition, head: LogPoint, from: LogPoint | null = null): void {
    if (!this.#trail(partition).move(head, from)) return
    for (const listener of this.#listeners) listener(partition)
  }

  /** The next whole commits after a point; null if they are not in memory and must be read from the log. */
  recent(partition: Partition, after: LogPoint, limit: number): readonly LoggedEvent[] | null {
    const run = this.#recent.get(partition)
    if (run === undefined || after.position < run.from.position) return null
    const start = Number(after.position - run.from.position)
    const before = start === 0 ? run.from : run.events[start - 1]
    if (before === undefined || before.tag !== after.tag || start === run.events.length) return null
    const page = wholeCommits(run.events.slice(start, start + limit))
    if (page.length > 0) return page
    // A commit that is longer than `limit` is returned whole.
    const end = run.events.findIndex(({ tag }, at) => at >= start && tag !== null)
    return run.events.slice(start, end + 1)
  }

  /** The remembered points of each partition. */
  get trails(): ReadonlyMap<Partition, Trail> {
    return this.#heads
  }

  /** Discards everything, because the log's history was replaced. */
  reset(): void {
    for (const trail of this.#heads.values()) trail.reset()
    this.#recent.clear()
  }

  /** @returns a function that removes the listener */
  onAdvance(listener: (partition: Partition) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls `listener` with each commit of this process. */
  onCommit(listener: (commit: Commit) => void): void {
    this.#commitListeners.add(listener)
  }

  #trail(partition: Partition): Trail {
    const existing = this.#heads.get(partition)
    if (existing !== undefined) return existing
    const trail = new Trail()
    this.#heads.set(partition, trail)
    return trail
  }

  #keep({ partition, from, events }: Commit): void {
    if (events.length > this.#maxEvents) {
      this.#recent.delete(partition)
      return
    }
    const run = this.#recent.get(partition)
    const end = run && pointAt(run, run.events.length)
    if (run === undefined || end === null || end === undefined || !samePoint(end, from)) {
      this.#recent.set(partition, { from, events: [...events] })
    } else {
      for (const event of events) run.events.push(event)
    }
    this.#cut(this.#recent.get(partition) as Run)
  }

  /** Cuts only at twice the limit, so that each event is moved at most once, and only at the end of a commit. */
  #cut(run: Run): void {
    if (run.events.length <= 2 * this.#maxEvents) return
    let cut = run.events.length - this.#maxEvents
    while (cut > 0 && run.events[cut - 1]?.tag === null) cut -= 1
    run.from = pointAt(run, cut) ?? run.from
    run.events.splice(0, cut)
  }
}

/** The point after the first `count` events of a run; null if no commit ends there. */
function pointAt(run: Run, count: number): LogPoint | null {
  if (count === 0) return run.from
  const { position, tag } = run.events[count - 1] as LoggedEvent
  return tag === null ? null : { position, tag }
}
