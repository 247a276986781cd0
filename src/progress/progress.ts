/**
 * Remembers the last known position of each projection in each partition. Every position here has been committed, so a read
 * that begins now shows at least that state.
 */
import type { LogPosition } from '../domain/values.ts'
import { deferred } from '../lib/deferred.ts'
import type { Partition } from '../log/partition.ts'
import { LOG_ORIGIN } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'
import type { LogReplaced } from '../log/replaced.ts'
import type { LogPositions } from '../log/token.ts'
import { Trail } from '../log/trail.ts'

interface Waiter {
  readonly position: LogPosition
  readonly resolve: (reached: boolean) => void
  readonly reject: (error: LogReplaced) => void
}

/** The position of a projection in a partition, and the callers that wait for it. */
interface TrackedPosition {
  readonly partition: Partition
  readonly trail: Trail
  readonly waiters: Set<Waiter>
}

export class Progress {
  readonly #tracked = new Map<string, TrackedPosition>()

  position(projection: string, partition: Partition): LogPosition {
    return (this.#tracked.get(`${projection} ${partition}`)?.trail.point ?? LOG_ORIGIN).position
  }

  /**
   * @param from the beginning of the step; null if it is not known
   * @returns false if `to` is not beyond the last position, or is dropped
   */
  advance(projection: string, partition: Partition, to: LogPoint, from: LogPoint | null): boolean {
    const { trail, waiters } = this.#track(projection, partition)
    if (!trail.move(to, from)) return false
    for (const waiter of waiters) if (waiter.position <= to.position) waiter.resolve(true)
    return true
  }

  /** The remembered points of each projection, with their partition. */
  get trails(): readonly (readonly [Partition, Trail])[] {
    return [...this.#tracked.values()].map(({ partition, trail }) => [partition, trail])
  }

  /** Discards all positions and rejects all waits, because the log's history was replaced. */
  reset(error: LogReplaced): void {
    for (const { trail, waiters } of this.#tracked.values()) {
      trail.reset()
      for (const { reject } of waiters) reject(error)
    }
  }

  /** Whether the projection has reached these positions. */
  has(projection: string, positions: LogPositions): boolean {
    return [...positions].every(([partition, position]) => position <= this.position(projection, partition))
  }

  /**
   * @returns whether the projection reached the positions in time
   * @throws LogReplaced
   */
  async reached(projection: string, positions: LogPositions, timeoutMs: number): Promise<boolean> {
    const behind = [...positions].filter(
      ([partition, position]) => position > this.position(projection, partition),
    )
    const waits = behind.map(([partition, position]) =>
      this.#wait(this.#track(projection, partition), position, timeoutMs),
    )
    return (await Promise.all(waits)).every(Boolean)
  }

  async #wait({ waiters }: TrackedPosition, position: LogPosition, timeoutMs: number): Promise<boolean> {
    const { promise, resolve, reject } = deferred<boolean>()
    const waiter: Waiter = { position, resolve, reject }
    const timer = setTimeout(resolve, timeoutMs, false)
    waiters.add(waiter)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      waiters.delete(waiter)
    }
  }

  #track(projection: string, partition: Partition): TrackedPosition {
    const key = `${projection} ${partition}`
    const existing = this.#tracked.get(key)
    if (existing !== undefined) return existing
    const tracked: TrackedPosition = { partition, trail: new Trail(), waiters: new Set() }
    this.#tracked.set(key, tracked)
    return tracked
  }
}
